// Receives webhooks as another team would: verifies each with the official library, answers 204 or 401. Prints its
// port, then a line of JSON for each request: {verified, id, contentType, payload}. The secret is its argument.
import http from 'node:http';
import { Webhook } from 'standardwebhooks';

const webhook = new Webhook(process.argv[2]);

const server = http.createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const report = { verified: true, id: request.headers['webhook-id'], contentType: request.headers['content-type'] };
  try {
    report.payload = webhook.verify(Buffer.concat(pieces).toString(), request.headers);
  } catch (error) {
    report.verified = false;
    report.reason = error.message;
  }
  console.log(JSON.stringify(report));
  response.writeHead(report.verified ? 204 : 401).end();
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
