// An authorisation server for tests: client credentials, JWT access tokens, bound to a client certificate where asked.
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

const provider = new Provider(settings.issuer, {
  clients: [client('gateway'), client('bound', { tls_client_certificate_bound_access_tokens: true })],
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
      defaultResource: () => settings.audience,
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

const tls = { cert: readFileSync(settings.certificate), key: readFileSync(settings.key) };
createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, provider.callback()).listen(settings.port, '127.0.0.1');
