// An OpenID Connect provider for tests: `node provider.mjs PORT AUDIENCE SECRET`, on 127.0.0.1.
// Access tokens for the resource https://terang.example are JWTs for AUDIENCE, signed with ES256;
// whoever logs in is an officer. ID tokens are signed with RS256.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [port, audience, secret] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const privateKey = (kind, options, more) => ({
  ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }),
  use: 'sig',
  ...more,
});

const provider = new Provider(issuer, {
  jwks: {
    keys: [
      privateKey('rsa', { modulusLength: 2048 }, { alg: 'RS256', kid: 'rsa' }),
      privateKey('ec', { namedCurve: 'P-256' }, { alg: 'ES256', kid: 'ec' }),
    ],
  },
  clients: [
    {
      client_id: 'people',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: ['https://terang.example/done'],
    },
    {
      client_id: 'program',
      client_secret: secret,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (_, resource) => ({
        scope: '',
        audience: resource === 'https://terang.example' ? audience : 'another',
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
  extraTokenClaims: () => ({ roles: ['officer', 'something-else'] }),
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, roles: ['officer'] }) }),
  ttl: { AccessToken: 300, ClientCredentials: 300, IdToken: 300, Session: 300, Grant: 300, Interaction: 300 },
});

provider.listen(Number(port), '127.0.0.1');
