// Asks with requests that hawk signs: hawk.js URL TOKEN KEY.
'use strict';

const http = require('http');
const Hawk = require('hawk');

const [url, id, key] = process.argv.slice(2);
const credentials = { id, key, algorithm: 'sha256' };

/** Sends a request; gives the answer and what was signed. */
function ask(method, options, body) {
    const signed = Hawk.client.header(url, method, { credentials, ...options });
    const headers = { Authorization: signed.header };
    if (options.contentType) {
        headers['Content-Type'] = options.contentType;
    }
    return new Promise((resolve, reject) => {
        const request = http.request(url, { method, headers }, (response) => {
            response.resume();
            response.on('end', () => resolve({ response, artifacts: signed.artifacts }));
        });
        request.on('error', reject);
        request.end(body);
    });
}

async function main() {
    const contentType = 'application/json; charset=utf-8';
    const get = await ask('GET', {});
    const post = await ask('POST', { payload: '{"a": 1}', contentType }, '{"a": 1}');
    const other = await ask('POST', { payload: '{"a": 1}', contentType }, '{"a": 2}');
    const stale = await ask('GET', { localtimeOffsetMsec: -3600000 });
    // Throws where the answer's time is not signed with our key.
    Hawk.client.authenticate(stale.response, credentials, stale.artifacts);
    const challenge = stale.response.headers['www-authenticate'];
    const believed = /ts="\d+", tsm="/.test(challenge) ? 'with a time that is believed' : 'without a time';
    const status = (answer) => answer.response.statusCode;
    console.log(`GET ${status(get)}, POST ${status(post)}, other body ${status(other)}, stale ${status(stale)} ${believed}`);
}

main();
