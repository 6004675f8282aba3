// An authorisation server for tests: client credentials, JWT access tokens, bound to a client certificate where asked;
// and logins of people by a form that believes whatever name and level it is told.
// Started as: node oidc_provider.mjs FOLDER, where FOLDER/settings.json says the rest.
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const settings = JSON.parse(readFileSync(join(process.argv[2], 'settings.json'), 'utf8'));
const require = createRequire(join(settings.packages, 'package.json'));
const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')));

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: settings.kid };
const client = (id, more) => ({
  client_id: id,
  client_secret: settings.secret,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  ...more,
});

const page = (id, more) => client(id, {
  grant_types: ['authorization_code'],
  redirect_uris: settings.back,
  response_types: ['code'],
  ...more,
});

const provider = new Provider(settings.issuer, {
  clients: [
    client('gateway'),
    client('bound', { tls_client_certificate_bound_access_tokens: true }),
    page('page'),
    page('other'),
    page('public', { client_secret: undefined, token_endpoint_auth_method: 'none' }),
  ],
  acrValues: ['low', 'high'],
  claims: { openid: ['sub'], groups: ['groups'], acr: null, auth_time: null, iss: null, sid: null },
  conformIdTokenClaims: false, // claims of scopes are in ID tokens
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, groups: settings.groups[id] ?? [] }) }),
  loadExistingGrant: async (ctx) => { // nobody is asked for consent
    const { client: { clientId }, session: { accountId }, params } = ctx.oidc;
    const grant = new ctx.oidc.provider.Grant({ clientId, accountId });
    grant.addOIDCScope(params.scope);
    await grant.save();
    return grant;
  },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: ['a', 'b'] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  jwks: { keys: [key] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      getCertificate: (ctx) => ctx.socket.getPeerX509Certificate(),
    },
    resourceIndicators: {
      enabled: true,
      defaultResource: (ctx, asked) => asked.grantTypeAllowed('client_credentials') ? settings.audience : undefined,
      getResourceServerInfo: () => ({
        scope: 'read write',
        audience: settings.audience,
        accessTokenTTL: settings.lifetime,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

const form = (response) => {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end(`<!doctype html><html lang="sv"><title>IdP</title><link rel="icon" href="data:,"><h1>IdP</h1><form method="post">
    <label>Konto <input name="account"></label><label>Nivå <input name="acr"></label><button>Legitimera</button></form>`);
};

const interact = async (request, response) => {
  if (request.method === 'GET') return form(response);
  const parts = [];
  for await (const part of request) parts.push(part);
  const said = new URLSearchParams(Buffer.concat(parts).toString());
  const result = said.get('account')
    ? { login: { accountId: said.get('account'), ...(said.get('acr') ? { acr: said.get('acr') } : {}) } }
    : { error: 'access_denied', error_description: 'the person did not want to' };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
};

const answer = provider.callback();
const serve = (request, response) =>
  (request.url.startsWith('/interaction/') ? interact(request, response) : answer(request, response));

const tls = { cert: readFileSync(settings.certificate), key: readFileSync(settings.key) };
createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, serve).listen(settings.port, '127.0.0.1');
