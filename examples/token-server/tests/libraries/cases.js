// Makes assertions, or judges some, with npm's browserid-crypto and browserid-local-verify: cases.js make | judge.
// Cases come from stdin and go to stdout as test vectors have them.
'use strict';

const crypto = require('browserid-crypto');
require('browserid-crypto/lib/algs/ds');
require('browserid-crypto/lib/algs/rs');
const BrowserID = require('browserid-local-verify');

const NOW = 1700000000000;
const AUDIENCE = 'https://token.example.org';

const keys = (algorithm, keysize) =>
    new Promise((resolve, reject) => {
        crypto.generateKeypair({ algorithm, keysize }, (error, pair) => (error ? reject(error) : resolve(pair)));
    });

const sign = (claims, pair) =>
    new Promise((resolve, reject) => {
        crypto.sign(claims, pair.secretKey, (error, text) => (error ? reject(error) : resolve(text)));
    });

const simple = (pair) => pair.publicKey.toSimpleObject();

/** An assertion, some of its claims changed. */
async function makeCase(name, issuer, user, changes = {}) {
    const certificate = {
        iss: 'example.org', iat: NOW - 10000, exp: NOW + 3600000, 'public-key': simple(user),
        principal: { email: 'user@example.org' }, ...changes.certificate,
    };
    const assertion = { aud: AUDIENCE, exp: NOW + 300000, ...changes.assertion };
    return {
        name,
        assertion: `${await sign(certificate, issuer)}~${await sign(assertion, changes.signer ?? user)}`,
        audience: AUDIENCE,
        now_ms: NOW,
        trusted_issuers: [],
        support_documents: {
            'example.org': { 'public-key': simple(issuer), authentication: '/sign_in', provisioning: '/provision' },
        },
        expected: changes.expected ?? { ok: { email: 'user@example.org', issuer: 'example.org', audience: AUDIENCE } },
    };
}

async function make() {
    const pairs = { RS256: await keys('RS', 256), DS128: await keys('DS', 128), DS256: await keys('DS', 256) };
    const cases = [];
    for (const [issuer, issuerPair] of Object.entries(pairs)) {
        for (const [user, userPair] of Object.entries(pairs)) {
            cases.push(await makeCase(`${issuer} over ${user}`, issuerPair, userPair));
        }
    }
    const { RS256: issuer, DS128: user, DS256: other } = pairs;
    const bad = (name, error, changes) => makeCase(name, issuer, user, { ...changes, expected: { error } });
    cases.push(await bad('expired', 'expired', { assertion: { exp: NOW - 1 } }));
    cases.push(await bad('certificate expired', 'expired', { certificate: { exp: NOW - 1 } }));
    cases.push(await bad('issued later', 'issued-later', { assertion: { iat: NOW + 1 } }));
    cases.push(await bad('audience', 'audience', { assertion: { aud: 'https://other.example.org' } }));
    cases.push(await bad('algorithm', 'algorithm', { signer: other }));
    cases.push(await bad('forged', 'signature', { signer: await keys('DS', 128) }));
    return cases;
}

/** What browserid-local-verify makes of a case: the user's address, or null. */
function judge({ assertion, audience, now_ms: now, support_documents: documents }) {
    const httpRequest = (host, path, answer) => {
        const document = documents[host];
        answer(null, document ? 200 : 404, { 'content-type': 'application/json' }, JSON.stringify(document ?? {}));
    };
    return new Promise((resolve) => {
        new BrowserID({}).verify({ assertion, audience, now: new Date(now), httpRequest }, (error, identity) => {
            resolve(error ? null : identity.email);
        });
    });
}

async function main() {
    if (process.argv[2] === 'make') {
        return { cases: await make() };
    }
    const { cases } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
    return Promise.all(cases.map(judge));
}

main().then((result) => console.log(JSON.stringify(result)));
