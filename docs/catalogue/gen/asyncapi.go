package main

import "rollbook/domain"

// feedPrefix begins every subject of the feed.
const feedPrefix = "ledger-feed."

const aboutFeed = `The feed of a Rollbook ledger: one message for each record of the log, in its order,
exactly once; the feed's sequence is the log's. Messages are CloudEvents 1.0 in structured JSON. Personal fields are
sealed, as they are in the log.

The feed is a JetStream stream of its own, FEED, and this document describes what its subscribers receive. Read it with a
JetStream consumer of your own, which resumes where it left off. A consumer filters by subject: ` +
	"`ledger-feed.member.admitted.*` is one type, `ledger-feed.*.*.pa-my` one organisation, `ledger-feed.member.>` one kind." + `

Generated from the program; do not edit.`

// asyncAPI describes the feed.
func asyncAPI(all []domain.Description) object {
	channels, operations, messages := object{}, object{}, object{}
	organisation := object{{"organisation", object{{"$ref", "#/components/parameters/organisation"}}}}
	add := func(name, address, title, summary string, message object) {
		channels.set(name, object{
			{"address", address},
			{"title", title},
			{"summary", summary},
			{"servers", []any{object{{"$ref", "#/servers/ledger"}}}},
			{"parameters", organisation},
			{"messages", object{{name, object{{"$ref", "#/components/messages/" + name}}}}},
		})
		operations.set("receive."+name, object{
			{"action", "receive"},
			{"channel", object{{"$ref", "#/channels/" + name}}},
			{"summary", summary},
			{"messages", []any{object{{"$ref", "#/channels/" + name + "/messages/" + name}}}},
			{"bindings", object{{"nats", object{{"bindingVersion", "0.1.0"}}}}},
		})
		messages.set(name, message)
	}
	for _, d := range all {
		add(d.Type, feedPrefix+d.Type+".{organisation}", d.Type, d.Effect.EN, object{
			{"name", d.Type},
			{"title", d.Type},
			{"summary", both(d.Effect)},
			{"contentType", "application/cloudevents+json"},
			{"tags", []any{object{{"name", string(d.Kind)}}}},
			{"payload", object{{"$ref", "./" + schemaPath(d) + "#/$defs/feed"}}},
			{"examples", []any{object{{"name", d.Type}, {"payload", feedExample(d)}}}},
			{"x-since", d.Since},
		})
	}
	const system = "ledger.system"
	add(system, feedPrefix+"ledger.{record}.{organisation}", "Records of the ledger itself",
		"They take sequence numbers too; skip what you do not know.", object{
			{"name", system},
			{"title", "Records of the ledger itself"},
			{"summary", "A record that is about no member, organisation or village. Without personal data."},
			{"contentType", "application/cloudevents+json"},
			{"tags", []any{object{{"name", "ledger"}}}},
			{"payload", systemSchema()},
		})
	channels.get(system).(object).put("parameters", append(object{{"record", object{
		{"description", "what kind of record, the second part of its type"},
	}}}, organisation...))

	return object{
		{"asyncapi", "3.0.0"},
		{"id", "urn:rollbook:feed"},
		{"info", object{
			{"title", "Rollbook feed"},
			{"version", "1.0.0"},
			{"description", aboutFeed},
			{"license", object{{"name", "Apache-2.0"}, {"url", "https://www.apache.org/licenses/LICENSE-2.0"}}},
		}},
		{"defaultContentType", "application/cloudevents+json"},
		{"servers", object{{"ledger", object{
			{"host", "{host}:{port}"},
			{"protocol", "nats"},
			{"description", "the NATS server or cluster that keeps the ledger"},
			{"variables", object{
				{"host", object{{"default", "localhost"}}},
				{"port", object{{"default", "4222"}}},
			}},
			{"tags", []any{object{{"name", "jetstream"}}}},
		}}}},
		{"channels", channels},
		{"operations", operations},
		{"components", object{
			{"messages", messages},
			{"parameters", object{{"organisation", object{
				{"description", "id of the organisation that the event concerns; `_` where there is none"},
				{"examples", []string{"pa-my", "_"}},
			}}}},
		}},
	}
}

// systemSchema is what holds of every record of the ledger itself.
func systemSchema() object {
	text := func(more ...pair) object { return append(object{{"type", "string"}}, more...) }
	return object{
		{"type", "object"},
		{"properties", object{
			{"specversion", text(pair{"const", "1.0"})},
			{"id", text()},
			{"source", text()},
			{"type", text(pair{"pattern", `^ledger\.`})},
			{"time", text(pair{"format", "date-time"})},
			{"sequence", text(pair{"pattern", "^[1-9][0-9]{0,19}$"})},
		}},
		{"required", []string{"specversion", "id", "source", "type", "time", "sequence"}},
	}
}
