// A small web server that says what it does, as development servers do.
const http = require('http')

let requests = 0
const server = http.createServer((request, response) => {
  requests++
  console.log(`request ${requests}: ${request.method} ${request.url}`)
  response.end(`answer ${requests}\n`)
})
server.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`)
})
