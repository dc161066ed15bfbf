// Verifies one assertion again and again with browserid-local-verify; prints verifications a second.
'use strict';

const BrowserID = require('browserid-local-verify');
require('browserid-crypto/lib/algs/ds');
require('browserid-crypto/lib/algs/rs');

const { assertion, audience, document, milliseconds } = JSON.parse(process.argv[2]);
const text = JSON.stringify(document);
const verifier = new BrowserID({
    trustedIssuers: ['accounts.example.org'],
    httpRequest: (domain, path, callback) => callback(null, 200, { 'content-type': 'application/json' }, text),
});

let begin;
let count = 0;
// The first ones are compiled and are not counted.
let left = 20;

function next(error) {
    if (error) {
        throw new Error(error);
    }
    if (left > 0) {
        left -= 1;
        begin = process.hrtime.bigint();
    } else {
        count += 1;
    }
    const elapsed = Number(process.hrtime.bigint() - begin) / 1e6;
    if (left === 0 && elapsed >= milliseconds) {
        console.log((1000 * count) / elapsed);
        return;
    }
    setImmediate(() => verifier.verify({ assertion, audience }, next));
}

begin = process.hrtime.bigint();
verifier.verify({ assertion, audience }, next);
