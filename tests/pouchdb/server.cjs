// The alternative's server: express-pouchdb over LevelDB in the folder it is given. Says its port and ends with its
// standard input.
const express = require('express');
const PouchDB = require('pouchdb');

const [folder] = process.argv.slice(2);
const Stored = PouchDB.defaults({ prefix: folder + '/' });
const app = express();
app.use('/', require('express-pouchdb')(Stored, { logPath: folder + '/log.txt', configPath: folder + '/config.json' }));
const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
