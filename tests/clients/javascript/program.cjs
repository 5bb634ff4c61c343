// An application in JavaScript: it uses its sidecar through the official client, over HTTP or over gRPC,
// says of each thing whether it went well, and leaves with the number of those that did not.
"use strict";

const assert = require("node:assert/strict");
const fs = require("node:fs");
const { CommunicationProtocolEnum, DaprClient, DaprServer } = require("@dapr/dapr");

const { PROTOCOL, APP_PORT, DAPR_PORT, HEALTH_URL, SETTINGS_FILE } = process.env;
const communicationProtocol = CommunicationProtocolEnum[PROTOCOL];
const options = { daprHost: "127.0.0.1", daprPort: DAPR_PORT, communicationProtocol };
const LONGEST_MS = 20000;

/** What the sidecar has sent here: who waits for more of it is woken. */
class Inbox {
  constructor() {
    this.items = [];
    this.waiting = [];
  }

  put(item) {
    this.items.push(item);
    this.waiting.splice(0).forEach((wake) => wake());
  }

  async until(count) {
    while (this.items.length < count) {
      await new Promise((wake) => this.waiting.push(wake));
    }
    return this.items;
  }
}

const events = new Inbox();
const routed = new Inbox();
const bulk = new Inbox();
const ticks = new Inbox();

async function serve() {
  const server = new DaprServer({
    serverHost: "127.0.0.1",
    serverPort: APP_PORT,
    communicationProtocol,
    clientOptions: options,
  });
  await server.pubsub.subscribe("events", "orders", async (data) => events.put(data));
  await server.pubsub.subscribe("events", "routed", async (data) => routed.put(data), {
    default: "/other",
    rules: [{ match: 'event.type == "com.dapr.event.sent"', path: "/sent" }],
  });
  await server.pubsub.subscribeBulk("events", "bulk", async (data) => bulk.put(data), {
    maxMessagesCount: 10,
    maxAwaitDurationMs: 100,
  });
  await server.binding.receive("clock", async (data) => ticks.put(data));
  await server.start();
  return server;
}

const checks = {
  async "sidecar is healthy"(client) {
    assert.equal(await client.health.isHealthy(), true);
  },

  async "state is saved and read"(client) {
    await client.state.save("store", [
      { key: "text", value: "hello" },
      { key: "object", value: { n: 1, list: [true, null] } },
      { key: "brief", value: "gone", metadata: { ttlInSeconds: "1" } },
    ]);
    assert.equal(await client.state.get("store", "text"), "hello");
    assert.deepEqual(await client.state.get("store", "object"), { n: 1, list: [true, null] });
    assert.equal(await client.state.get("store", "none"), "");
  },

  async "state is read in bulk"(client) {
    const found = await client.state.getBulk("store", ["text", "none"], { parallelism: 2 });
    assert.deepEqual(found.map((item) => item.key), ["text", "none"]);
    assert.equal(found[0].data, "hello");
    assert.ok(found[0].etag);
  },

  async "transaction is applied"(client) {
    await client.state.transaction("store", [
      { operation: "upsert", request: { key: "new", value: "1" } },
      { operation: "delete", request: { key: "text" } },
    ]);
    assert.equal(String(await client.state.get("store", "new")), "1");
    assert.equal(await client.state.get("store", "text"), "");
  },

  async "stale state is kept"(client) {
    await client.state.save("store", [{ key: "kept", value: "1" }]);
    let error;
    try {
      ({ error } = await client.state.delete("store", "kept", { etag: "4711" }));
    } catch (thrown) {
      error = thrown;
    }
    assert.ok(error, "it was deleted in spite of its ETag");
    assert.equal(String(await client.state.get("store", "kept")), "1");
    await client.state.delete("store", "kept");
    assert.equal(await client.state.get("store", "kept"), "");
  },

  async "query of a store without is an error"(client) {
    await assert.rejects(client.state.query("store", { filter: {}, sort: [], page: { limit: 1 } }), /quer/i);
  },

  async "event is published and comes back"(client) {
    await client.pubsub.publish("events", "orders", { n: 1 });
    await client.pubsub.publish("events", "orders", "text");
    assert.deepEqual(await events.until(2), [{ n: 1 }, "text"]);
  },

  async "event goes where its rule says"(client) {
    await client.pubsub.publish("events", "routed", { n: 2 });
    assert.deepEqual(await routed.until(1), [{ n: 2 }]);
  },

  async "many are published at once"(client) {
    const answer = await client.pubsub.publishBulk("events", "bulk", [{ n: 1 }, { n: 2 }, { n: 3 }]);
    assert.deepEqual(answer.failedMessages, []);
    const numbers = (await bulk.until(3)).map((each) => each.n).sort();
    assert.deepEqual(numbers, [1, 2, 3]);
  },

  async "input binding is read"() {
    await ticks.until(2);
  },

  async "output binding does what it is told"(client) {
    await client.binding.send("files", "create", "hello", { fileName: "greeting" });
    const found = await client.binding.send("files", "get", "", { fileName: "greeting" });
    assert.match(typeof found === "string" ? found : Buffer.from(found.data).toString(), /hello/);
  },

  async "secrets are read"(client) {
    assert.deepEqual({ ...(await client.secret.get("vault", "plain")) }, { plain: "text" });
    const all = await client.secret.getBulk("vault");
    assert.ok(JSON.stringify(all).includes("hidden"));
    await assert.rejects(client.secret.get("vault", "none"));
  },

  async "metadata is read and written"(client) {
    assert.equal(await client.metadata.set("greeting", "hello"), true);
    const found = await client.metadata.get();
    assert.equal(found.id, "shop");
    assert.ok(found.components.some((each) => each.name === "store" && each.type === "state.in-memory"));
  },
};

const overGrpc = {
  async "settings are read"(client) {
    const found = await client.configuration.get("settings", ["colour"]);
    assert.equal(found.items.colour.value, "red");
  },

  async "change of a setting is told"(client) {
    const changes = new Inbox();
    const stream = await client.configuration.subscribeWithKeys("settings", ["colour"], async (told) => {
      if (told.items.colour?.value.startsWith("blue")) changes.put(told);
    });
    let number = 0;
    // The client does not say when the sidecar listens, so there is a change again and again.
    const changing = setInterval(() => {
      const draft = `${SETTINGS_FILE}.draft`;
      fs.writeFileSync(draft, JSON.stringify({ colour: `blue ${number++}` }));
      fs.renameSync(draft, SETTINGS_FILE);
    }, 300);
    await changes.until(1).finally(() => clearInterval(changing));
    await stream.stop();
  },
};

async function within(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${LONGEST_MS} ms`)), LONGEST_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Wait until the sidecar has all of this application's subscriptions; its servers do not wait for that. */
async function ready() {
  while ((await fetch(HEALTH_URL)).status !== 204) {
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

async function main() {
  await serve();
  await within(ready());
  const client = new DaprClient(options);
  await client.start();
  let failures = 0;
  for (const [name, check] of Object.entries(PROTOCOL === "GRPC" ? { ...checks, ...overGrpc } : checks)) {
    try {
      await within(check(client));
      console.log(`CHECK ok ${name}`);
    } catch (error) {
      failures += 1;
      console.log(`CHECK failed ${name}: ${error.stack ?? JSON.stringify(error)}`);
    }
  }
  process.exit(failures);
}

main();
