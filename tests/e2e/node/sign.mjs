// Signs what comes on standard input with the official library and prints the headers to send with it, as JSON.
// Arguments: the secret, the message's id.
import { readFileSync } from 'node:fs';
import { Webhook } from 'standardwebhooks';

const [secret, id] = process.argv.slice(2);
const now = new Date();
const signature = new Webhook(secret).sign(id, now, readFileSync(0, 'utf8'));
console.log(JSON.stringify({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
  'webhook-signature': signature,
}));
