// The alternative's desk: a backlog of documents in LevelDB is pushed to the server, and other databases pull all of
// them. As many and as large as the commands that the bench gave its own desks.
const { randomBytes } = require('crypto');
const PouchDB = require('pouchdb');

const [folder, port, backlogs, documents, bytes, batch, rows] = process.argv.slice(2);
const remote = `http://127.0.0.1:${port}/bench`;

const say = (name, unit, values) => {
  values.sort((a, b) => a - b);
  const at = (share) => Math.round(values[Math.min(Math.floor(values.length * share), values.length - 1)] * 100) / 100;
  const [median, p95, p99] = [at(0.5), at(0.95), at(0.99)];
  console.log(JSON.stringify({ name, durable: false, value: median, unit, n: values.length, median, p95, p99 }));
};

const seconds = async (work) => {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
};

(async () => {
  const pushed = [];
  const pulled = [];
  for (let i = 0; i < Number(backlogs); i++) {
    const desk = new PouchDB(`${folder}/desk${i}`);
    for (let from = 0; from < Number(documents); from += 500) {
      const docs = [];
      for (let n = from; n < Math.min(from + 500, Number(documents)); n++) {
        const text = randomBytes(Math.ceil(Number(bytes) / 2)).toString('hex').slice(0, Number(bytes));
        docs.push({ _id: `${i}-${String(n).padStart(6, '0')}`, text });
      }
      await desk.bulkDocs(docs);
    }
    const took = await seconds(() => desk.replicate.to(remote, { batch_size: Number(batch) }));
    pushed.push(Number(documents) / took);
  }
  for (let i = 0; i < Number(backlogs); i++) {
    const desk = new PouchDB(`${folder}/other${i}`);
    const took = await seconds(() => desk.replicate.from(remote, { batch_size: Number(rows) }));
    const { doc_count: found } = await desk.info();
    if (found !== Number(backlogs) * Number(documents)) throw new Error(`${found} documents came`);
    pulled.push(found / took);
  }
  say('alternative_pouchdb_push', 'documents/s', pushed);
  say('alternative_pouchdb_pull', 'documents/s', pulled);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
