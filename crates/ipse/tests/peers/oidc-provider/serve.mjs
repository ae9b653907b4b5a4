// An OpenID Connect provider that asks nobody anything: whoever `login_hint` names is signed in and consents to everything.
// The first line of output is its address. It ends with its standard input.

import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

let rotations = 0;

function keys() {
  rotations += 1;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: `key-${rotations}`, use: 'sig', alg: 'RS256' }] };
}

function client(id) {
  const callback = `http://public.test/self-service/methods/oidc/callback`;
  return {
    client_id: id,
    client_secret: `the secret of ${id}`,
    redirect_uris: [callback, `${callback}/${id}`],
    token_endpoint_auth_method: id === 'posting' ? 'client_secret_post' : 'client_secret_basic',
  };
}

function provider(issuer) {
  const made = new Provider(issuer, {
    jwks: keys(),
    clients: ['asking', 'looking', 'posting', 'forcing'].map(client),
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['given_name'] },
    scopes: ['openid', 'email', 'profile'],
    cookies: { keys: ['for tests only'] },
    features: { devInteractions: { enabled: false }, claimsParameter: { enabled: true } },
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.org`, email_verified: id !== 'doubtful', given_name: id }),
    }),
  });
  made.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    const { params } = await made.interactionDetails(ctx.req, ctx.res);
    const accountId = params.login_hint;
    const grant = new made.Grant({ accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    grant.addOIDCClaims(['email', 'email_verified', 'given_name']);
    const result = { login: { accountId }, consent: { grantId: await grant.save() } };
    return made.interactionFinished(ctx.req, ctx.res, result);
  });
  return made.callback();
}

let answer;
const server = createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/rotate') {
    answer = provider(issuer);
    response.end();
  } else {
    answer(request, response);
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
answer = provider(issuer);
console.log(issuer);
process.stdin.on('end', () => process.exit()).resume();
