// A certified OpenID provider that Aval's authors did not write, with claims as Pro Santé
// Connect's. It signs in whoever is named, without a page; it is for tests on this machine.
//
// PORT, CERTIFICATE and KEY say where it serves; ACCOUNTS is a file of claims by `sub`;
// CLIENT, SECRET, REDIRECT and LOGOUT are the relying party. With AUTHORITY it tells about
// a token only to whoever shows a certificate of that authority; with BINDS it also binds
// access tokens to the certificate that they were fetched under (RFC 8705). They last
// ACCESS_SECONDS. With ID_TOKEN_TELLS the ID token has all the claims that UserInfo has. It
// ends with its standard input.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { webcrypto } from 'node:crypto';
import { Provider } from 'oidc-provider';

const {
  PORT, CERTIFICATE, KEY, ACCOUNTS, CLIENT, SECRET, REDIRECT, LOGOUT, AUTHORITY, BINDS,
  ACCESS_SECONDS, ID_TOKEN_TELLS,
} = process.env;
const issuer = `https://localhost:${PORT}`;
const accounts = JSON.parse(readFileSync(ACCOUNTS, 'utf8'));
const claims = [...new Set(Object.values(accounts).flatMap(Object.keys))];

let number = 0;
async function newKey() {
  const algorithm = {
    name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
  };
  const pair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const jwk = await webcrypto.subtle.exportKey('jwk', pair.privateKey);
  number += 1;
  return { ...jwk, key_ops: undefined, ext: undefined, kid: `key-${number}`, use: 'sig', alg: 'RS256' };
}

// What was issued outlives a change of keys, which takes another Provider.
const stored = new Map();
class Memory {
  constructor(kind) { this.kind = kind; }
  key(id) { return `${this.kind}:${id}`; }
  async upsert(id, payload) { stored.set(this.key(id), payload); }
  async find(id) { return stored.get(this.key(id)); }
  async findByUid(uid) { return this.first((payload) => payload.uid === uid); }
  async findByUserCode(code) { return this.first((payload) => payload.userCode === code); }
  first(matches) {
    for (const [key, payload] of stored) {
      if (key.startsWith(`${this.kind}:`) && matches(payload)) return payload;
    }
    return undefined;
  }
  async consume(id) { stored.get(this.key(id)).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { stored.delete(this.key(id)); }
  async revokeByGrantId(grantId) {
    for (const [key, payload] of stored) if (payload.grantId === grantId) stored.delete(key);
  }
}

function providerOf(keys) {
  const provider = new Provider(issuer, {
    adapter: Memory,
    jwks: { keys },
    clients: [{
      client_id: CLIENT, client_secret: SECRET, token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code'], response_types: ['code'], redirect_uris: [REDIRECT],
      post_logout_redirect_uris: [REDIRECT], id_token_signed_response_alg: 'RS256',
      require_auth_time: true, backchannel_logout_uri: LOGOUT,
      backchannel_logout_session_required: true,
      ...(BINDS && { tls_client_certificate_bound_access_tokens: true }),
    }],
    conformIdTokenClaims: !ID_TOKEN_TELLS,
    acrValues: ['eidas1'],
    scopes: ['openid', 'scope_all'],
    claims: { openid: ['sub'], scope_all: claims, acr: null, auth_time: null, sid: null },
    cookies: { keys: ['only for tests'] },
    ttl: {
      AccessToken: Number(ACCESS_SECONDS), AuthorizationCode: 60, IdToken: 300, Interaction: 300,
      Grant: 3600, Session: 3600,
    },
    pkce: { required: () => true },
    // The relying party is on this machine, where the provider's own fetch never goes.
    fetch: (url, { dispatcher, ...options } = {}) => globalThis.fetch(url, options),
    async findAccount(_, sub) {
      const known = accounts[sub];
      return known && { accountId: sub, claims: async () => ({ sub, ...known }) };
    },
    interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        clientId: oidc.client.clientId, accountId: oidc.session.accountId,
      });
      grant.addOIDCScope('openid scope_all');
      grant.addOIDCClaims(claims);
      await grant.save();
      return grant;
    },
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      introspection: {
        enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId,
      },
      mTLS: {
        enabled: Boolean(BINDS), certificateBoundAccessTokens: true,
        getCertificate: (ctx) => ctx.req.socket.getPeerX509Certificate(),
      },
      rpInitiatedLogout: { enabled: true, logoutSource: (ctx, form) => { ctx.body = form; } },
    },
  });
  provider.on('server_error', (_, error) => console.error(error));
  provider.on('backchannel.error', (_, error) => console.error(error));
  provider.on('grant.error', (_, error) => console.error(error));
  return provider;
}

let keys = [await newKey()];
let provider = providerOf(keys);

async function signIn(request, response) {
  const { params } = await provider.interactionDetails(request, response);
  const login = { accountId: params.login_hint, acr: 'eidas1', amr: ['smartcard'] };
  await provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false });
}

const tellsOfTokens = ['/me', '/token/introspection'];

async function serve(request, response) {
  if (AUTHORITY && tellsOfTokens.includes(request.url) && !request.socket.authorized) {
    return response.writeHead(401).end();
  }
  const asked = `${request.method} ${request.url}`;
  if (asked.startsWith('GET /sign-in/')) return signIn(request, response);
  if (asked === 'POST /rotate') keys = [await newKey(), ...keys];
  else if (asked === 'POST /retire') keys = keys.slice(0, 1);
  else return provider.callback()(request, response);
  provider = providerOf(keys);
  return response.end(keys[0].kid);
}

const tls = { cert: readFileSync(CERTIFICATE), key: readFileSync(KEY) };
if (AUTHORITY) {
  Object.assign(tls, { ca: readFileSync(AUTHORITY), requestCert: true, rejectUnauthorized: false });
}
createServer(tls, (request, response) => {
  serve(request, response).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
}).listen(Number(PORT), '127.0.0.1', () => console.log('ready'));

process.stdin.on('end', () => process.exit(0)).resume();
