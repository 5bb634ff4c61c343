-- Written by daprd 1.18.3, over its HTTP API: python -m tests.e2e.recorded
BEGIN TRANSACTION;
CREATE TABLE plain (
							key TEXT NOT NULL PRIMARY KEY,
							value TEXT NOT NULL,
							is_binary BOOLEAN NOT NULL,
							etag TEXT NOT NULL,
							expiration_time TIMESTAMP DEFAULT NULL,
							update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
						);
INSERT INTO "plain" VALUES('orders||lasting','"x"',0,'f5a9ceea-b23e-4d98-972f-1957107cdd92','2086-11-10 01:31:09','2026-11-25 01:31:09');
INSERT INTO "plain" VALUES('orders||object','{"a":[1,"ü\u003c"]}',0,'95a121f1-5743-4a2e-9e84-76eba59305f7',NULL,'2026-11-25 01:31:09');
INSERT INTO "plain" VALUES('orders||text','"hello"',0,'d8664c93-5975-4900-b870-e4ffc23a237b',NULL,'2026-11-25 01:31:09');
INSERT INTO "plain" VALUES('orders||again','2',0,'6cb320c1-e13d-4541-a7af-aec3a0e94c6e',NULL,'2026-11-25 01:31:09');
CREATE TABLE plain_metadata (
			key text NOT NULL PRIMARY KEY,
			value text NOT NULL
		);
INSERT INTO "plain_metadata" VALUES('migrations','1');
CREATE TABLE retired (
							key TEXT NOT NULL PRIMARY KEY,
							value TEXT NOT NULL,
							is_binary BOOLEAN NOT NULL,
							etag TEXT NOT NULL,
							expiration_time TIMESTAMP DEFAULT NULL,
							update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
						);
INSERT INTO "retired" VALUES('orders||before','N0FIQ2VvNUlKVFF6NlMvWWI0WUw0NUwxdUExVEwyM2Z2SXRlUWFXN2VBPT18fGtleS0x',1,'a2dab67a-1010-42f8-8b31-7f7d6d200608',NULL,'2026-11-25 01:31:09');
CREATE TABLE retired_metadata (
			key text NOT NULL PRIMARY KEY,
			value text NOT NULL
		);
INSERT INTO "retired_metadata" VALUES('migrations','1');
CREATE TABLE secret (
							key TEXT NOT NULL PRIMARY KEY,
							value TEXT NOT NULL,
							is_binary BOOLEAN NOT NULL,
							etag TEXT NOT NULL,
							expiration_time TIMESTAMP DEFAULT NULL,
							update_time TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
						);
INSERT INTO "secret" VALUES('orders||lasting','T2tzTCt5NGRQMEQyb3ppbWcxQVJCbUlLdUlDL1NvdlA0blhQVWVrPXx8a2V5LTI=',1,'07b7776b-8b3c-40c2-bd50-82d35ab71383','2086-11-10 01:31:09','2026-11-25 01:31:09');
INSERT INTO "secret" VALUES('orders||text','UWR1Z2tHZzMzZUR1UkxBdnFYZ3gvQnBZNWU2UkE0b2NLdG5aUWZvaC9mOXZ8fGtleS0y',1,'aca3545b-5cd8-4c46-a976-b3eeb23fec16',NULL,'2026-11-25 01:31:09');
CREATE TABLE secret_metadata (
			key text NOT NULL PRIMARY KEY,
			value text NOT NULL
		);
INSERT INTO "secret_metadata" VALUES('migrations','1');
COMMIT;
