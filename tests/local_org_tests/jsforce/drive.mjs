// Drives the local org with jsforce and prints what it saw as one JSON object.
// The token comes by way of the environment, so that it is in no process list.
import jsforce from 'jsforce';

const { LOCAL_ORG_URL: instanceUrl, LOCAL_ORG_TOKEN: accessToken } = process.env;
const conn = new jsforce.Connection({ instanceUrl, accessToken, version: '68.0' });
const ids = (records) => records.map((record) => record.Id);

const first = await conn.query('SELECT Id FROM Opportunity ORDER BY Id');
const second = await conn.queryMore(first.nextRecordsUrl);
const all = await conn
  .query('SELECT Id, Name, Amount FROM Opportunity ORDER BY Id')
  .execute({ autoFetch: true, maxFetch: 1000 });
const withDeleted = await conn
  .query('SELECT Id, IsDeleted FROM Opportunity')
  .execute({ autoFetch: true, maxFetch: 1000, scanAll: true });
const parent = await conn.query("SELECT Id, Account.Name FROM Opportunity WHERE AccountId != null LIMIT 1");

const bulk = await conn.bulk2
  .query('SELECT Id, Name, Amount FROM Opportunity', { pollInterval: 20, pollTimeout: 20000 })
  .then((stream) => stream.toArray());
const bulkWithDeleted = await conn.bulk2
  .query('SELECT Id FROM Opportunity', { pollInterval: 20, pollTimeout: 20000, scanAll: true })
  .then((stream) => stream.toArray());

const refused = await conn.query('SELECT Nonsense FROM Opportunity').catch((error) => error);
const bulkRefused = await conn.bulk2
  .query('SELECT Id, BillingAddress FROM Account')
  .catch((error) => error);

const describe = await conn.describe('Opportunity');
const global = await conn.describeGlobal();
const identity = await conn.identity();
const limits = await conn.limits();

console.log(
  JSON.stringify({
    firstPage: { size: first.records.length, total: first.totalSize, done: first.done },
    secondPage: ids(second.records),
    all: ids(all.records ?? all),
    amounts: (all.records ?? all).map((record) => record.Amount),
    names: (all.records ?? all).map((record) => record.Name),
    withDeleted: ids(withDeleted.records ?? withDeleted),
    parentName: parent.records[0].Account.Name,
    bulk: ids(bulk),
    bulkNames: bulk.map((record) => record.Name),
    bulkWithDeleted: ids(bulkWithDeleted),
    refused: refused.errorCode,
    bulkRefused: bulkRefused.errorCode,
    fields: describe.fields.map((field) => field.name),
    objects: global.sobjects.map((sobject) => sobject.name),
    username: identity.username,
    apiUsage: conn.limitInfo.apiUsage,
    dailyMax: limits.DailyApiRequests.Max,
  }),
);
