import { createInterface } from 'node:readline';

// Answers the requests on standard input, one JSON value a line, one after the other; ends
// with the input.
export function answerLines(answer) {
  let turn = Promise.resolve();
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      turn = turn.then(async () => {
        let reply;
        try {
          reply = await answer(JSON.parse(line));
        } catch (err) {
          reply = { Error: String(err?.message ?? err) };
        }
        process.stdout.write(JSON.stringify(reply) + '\n');
      });
    })
    .on('close', () => process.exit(0));
}
