package jetstream_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
	"rollbook/eventstore/jetstream/natstest"
)

// deployment is the servers of deploy/nats.
type deployment struct{ *natstest.Deployment }

// deploy starts the first one, or all three, of the servers of deploy/nats.
func deploy(t testing.TB, count int) *deployment {
	t.Helper()
	return &deployment{natstest.Deploy(t, filepath.Join("..", "..", "deploy", "nats"), count)}
}

func (d *deployment) config(user string) jetstream.Config {
	return jetstream.Config{URL: d.URL, NKeyFile: d.Key(user), TLS: jetstream.TLSFiles{CA: d.CA}}
}

// connect is a bare connection of a user, as an attacker with the login has it.
func (d *deployment) connect(t testing.TB, user string) *nats.Conn {
	t.Helper()
	var known nats.Options
	login, err := nats.NkeyOptionFromSeed(d.Key(user))
	if err != nil {
		t.Fatal(err)
	}
	if err := login(&known); err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(d.URL, login, nats.RootCAs(d.CA),
		nats.CustomInboxPrefix("_INBOX."+known.Nkey), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		t.Fatalf("%s: %v", user, err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// ask sends a request and reports whether it was done. One that is not allowed
// is dropped by the server, so nobody answers it; then a second request, which
// is allowed to everybody, shows that the first was dealt with.
func ask(nc *nats.Conn, subject string, header nats.Header, body string) (done bool, answer string) {
	inbox, err := nc.SubscribeSync(nc.NewInbox())
	if err != nil {
		return false, err.Error()
	}
	defer func() { _ = inbox.Unsubscribe() }()
	if err := nc.PublishMsg(&nats.Msg{Subject: subject, Reply: inbox.Subject, Header: header, Data: []byte(body)}); err != nil {
		return false, err.Error()
	}
	if err := nc.FlushTimeout(10 * time.Second); err != nil {
		return false, err.Error()
	}
	if err := nc.LastError(); err != nil && strings.Contains(strings.ToLower(err.Error()), "permissions violation for publish to \""+strings.ToLower(subject)) {
		return false, err.Error()
	}
	msg, err := inbox.NextMsg(5 * time.Second)
	if err != nil {
		return false, err.Error()
	}
	var refused struct {
		Error *struct {
			Description string `json:"description"`
		} `json:"error"`
	}
	if json.Unmarshal(msg.Data, &refused) == nil && refused.Error != nil {
		return false, refused.Error.Description
	}
	return msg.Header.Get("Status") == "" || msg.Header.Get("Status") == "100", string(msg.Data)
}

// Who may do what on the servers of deploy/nats: everything, tried by everybody.
// A "+" was done and had its effect, a "-" was refused and had none.
func TestWhoMayDoWhat(t *testing.T) {
	users := []string{"DEPLOY", "WRITER", "READER", "DEPLOY_FEED", "PUBLISHER", "SUBSCRIBER", "ADMIN"}
	d := deploy(t, 1)
	if made, err := jetstream.Create(t.Context(), d.config("DEPLOY")); err != nil || !made {
		t.Fatalf("deploy makes the log: %t, %v", made, err)
	}
	log := open(t, d.config("WRITER"))
	mustAppend(t, log, 1, write("member/m1", head(0, 0), rec("first")))
	conns := map[string]*nats.Conn{}
	for _, user := range users {
		conns[user] = d.connect(t, user)
	}
	feed := `{"name":"FEED","subjects":["ledger-feed.>"],"storage":"file","retention":"limits","discard":"new","deny_delete":true,"deny_purge":true,"allow_direct":true,"allow_atomic":true}`
	if done, answer := ask(conns["DEPLOY_FEED"], "$JS.API.STREAM.CREATE.FEED", nil, feed); !done {
		t.Fatalf("deploy_feed makes the feed: %s", answer)
	}
	if done, answer := ask(conns["PUBLISHER"], "ledger-feed.member.admitted.o1", nil, "{}"); !done {
		t.Fatalf("publisher publishes: %s", answer)
	}
	consumer := func(stream, name, more string) string {
		return fmt.Sprintf(`{"stream_name":%q,"config":{"name":%q,"deliver_policy":"all","ack_policy":"none","replay_policy":"instant","inactive_threshold":60000000000%s}}`, stream, name, more)
	}
	for _, tt := range []struct {
		what    string
		may     string // by user, in their order
		subject string
		body    string
	}{
		//                                    D W R DF P S O
		{"append to the log", "-+-----", "ledger.member.m2", "x"},
		{"append somewhere else in the log", "-------", "ledger.a.b.c", "x"},
		{"publish to the feed", "----+--", "ledger-feed.member.died.o1", "x"},
		{"see how the log is", "+++----", "$JS.API.STREAM.INFO.LEDGER", ""},
		{"see how the feed is", "---+++-", "$JS.API.STREAM.INFO.FEED", ""},
		{"read a record", "-++----", "$JS.API.STREAM.MSG.GET.LEDGER", `{"seq":1}`},
		{"read a record directly", "-++----", "$JS.API.DIRECT.GET.LEDGER", `{"seq":1}`},
		{"read a message of the feed", "----++-", "$JS.API.DIRECT.GET.FEED", `{"seq":1}`},
		{"follow the log", "-++----", "$JS.API.CONSUMER.CREATE.LEDGER.c-USER", consumer("LEDGER", "c-USER", "")},
		{"follow the feed", "-----+-", "$JS.API.CONSUMER.CREATE.FEED.c-USER", consumer("FEED", "c-USER", "")},
		{"follow the feed durably, one type", "-----+-", "$JS.API.CONSUMER.CREATE.FEED.d-USER.ledger-feed.member.admitted.>", `{"stream_name":"FEED","config":{"durable_name":"d-USER","name":"d-USER","filter_subject":"ledger-feed.member.admitted.>","deliver_policy":"all","ack_policy":"explicit","replay_policy":"instant"}}`},
		{"take from the other's consumer", "-----+-", "$JS.API.CONSUMER.MSG.NEXT.FEED.c-SUBSCRIBER", `{"batch":1,"no_wait":true}`},
		{"make another stream", "-------", "$JS.API.STREAM.CREATE.OTHER", `{"name":"OTHER","subjects":["other"]}`},
		{"make a mirror of the log", "-------", "$JS.API.STREAM.CREATE.COPY", `{"name":"COPY","mirror":{"name":"LEDGER"}}`},
		{"change the log's settings", "-------", "$JS.API.STREAM.UPDATE.LEDGER", `{"name":"LEDGER","subjects":["ledger.>"],"storage":"file","retention":"limits","discard":"old","max_msgs":1,"deny_delete":true,"deny_purge":true,"allow_direct":true,"allow_atomic":true}`},
		{"purge the log", "-------", "$JS.API.STREAM.PURGE.LEDGER", ""},
		{"delete the log", "-------", "$JS.API.STREAM.DELETE.LEDGER", ""},
		{"delete a record", "-------", "$JS.API.STREAM.MSG.DELETE.LEDGER", `{"seq":1}`},
		{"delete the feed", "-------", "$JS.API.STREAM.DELETE.FEED", ""},
		{"list the streams", "-------", "$JS.API.STREAM.NAMES", ""},
		{"list the consumers", "-------", "$JS.API.CONSUMER.NAMES.LEDGER", ""},
		{"take a snapshot", "-------", "$JS.API.STREAM.SNAPSHOT.LEDGER", `{"deliver_subject":"x"}`},
		{"restore", "-------", "$JS.API.STREAM.RESTORE.OTHER", `{}`},
		{"move the leader", "-------", "$JS.API.STREAM.LEADER.STEPDOWN.LEDGER", ""},
		{"ask how the servers sync", "-++-+-+", "$SYS.REQ.SERVER.PING.JSZ", `{"config":true}`},
		{"ask whether they are well", "-++-+-+", "$SYS.REQ.SERVER.PING.HEALTHZ", ""},
		{"ask for the accounts", "------+", "$SYS.REQ.SERVER.PING.ACCOUNTZ", ""},
		{"write to a key-value bucket", "-------", "$KV.bucket.key", "x"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			for i, user := range users {
				subject, body := strings.ReplaceAll(tt.subject, "USER", user), strings.ReplaceAll(tt.body, "USER", user)
				done, answer := ask(conns[user], subject, nil, body)
				if done != (tt.may[i] == '+') {
					t.Errorf("%s: done %t, may %c: %s", user, done, tt.may[i], answer)
				}
			}
		})
	}
	// What was refused had no effect, what was allowed had one: 1 by the log
	// itself and 1 by the writer's own hand; the feed 1 before and 1 now.
	for stream, want := range map[string]eventstore.Position{"LEDGER": 2, "FEED": 2} {
		nc := conns["WRITER"]
		if stream == "FEED" {
			nc = conns["PUBLISHER"]
		}
		_, answer := ask(nc, "$JS.API.STREAM.INFO."+stream, nil, "")
		var info struct {
			State struct {
				First uint64 `json:"first_seq"`
				Last  uint64 `json:"last_seq"`
			} `json:"state"`
		}
		if err := json.Unmarshal([]byte(answer), &info); err != nil || info.State.First != 1 || info.State.Last != uint64(want) {
			t.Errorf("%s ends at %+v, %v; want %d", stream, info.State, err, want)
		}
	}
	if err := log.Health(t.Context()); err != nil {
		t.Errorf("Health: %v", err)
	}
	// Nobody reads another's answers, or the log as it is written.
	for _, user := range users {
		for _, subject := range []string{"_INBOX.>", "ledger.>", "ledger-feed.>", ">"} {
			if _, err := conns[user].SubscribeSync(subject); err != nil {
				t.Fatal(err)
			}
			if err := conns[user].Flush(); err != nil {
				t.Fatal(err)
			}
			if err := conns[user].LastError(); err == nil || !strings.Contains(strings.ToLower(err.Error()), "permissions violation for subscription to \""+strings.ToLower(subject)) {
				t.Errorf("%s subscribed to %s: %v", user, subject, err)
			}
		}
	}
}

// A consumer that pushes would put messages wherever its maker likes, in the
// name of the server: into the log, or to the server's own interface.
func TestAReaderCannotWriteThroughAConsumer(t *testing.T) {
	d := deploy(t, 1)
	if _, err := jetstream.Create(t.Context(), d.config("DEPLOY")); err != nil {
		t.Fatal(err)
	}
	log := open(t, d.config("WRITER"))
	mustAppend(t, log, 1, write("member/m1", head(0, 0), rec("first")))
	nc := d.connect(t, "READER")
	for i, to := range []string{"ledger.member.m1", "ledger.x.y", "$JS.API.STREAM.DELETE.LEDGER", "$JS.API.STREAM.PURGE.LEDGER", "$JS.API.STREAM.CREATE.OTHER"} {
		for _, more := range []string{"", `,"headers_only":true`} {
			name := fmt.Sprint("push", i, len(more))
			done, answer := ask(nc, "$JS.API.CONSUMER.CREATE.LEDGER."+name, nil, fmt.Sprintf(
				`{"stream_name":"LEDGER","config":{"name":%q,"deliver_subject":%q,"deliver_policy":"all","ack_policy":"none","replay_policy":"instant"%s}}`, name, to, more))
			t.Logf("a consumer that pushes to %s: %t %s", to, done, answer)
			if done && !strings.HasPrefix(to, "$JS.API.") {
				t.Errorf("a consumer pushes to %s: %s", to, answer)
			}
		}
	}
	// One that pushes to a place of its own has been served after the others.
	inbox, err := nc.SubscribeSync(nc.NewInbox())
	if err != nil {
		t.Fatal(err)
	}
	if done, answer := ask(nc, "$JS.API.CONSUMER.CREATE.LEDGER.own", nil, fmt.Sprintf(
		`{"stream_name":"LEDGER","config":{"name":"own","deliver_subject":%q,"deliver_policy":"all","ack_policy":"none","replay_policy":"instant"}}`, inbox.Subject)); !done {
		t.Fatal(answer)
	}
	if _, err := inbox.NextMsg(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if last, err := log.Last(t.Context()); err != nil || last != 1 {
		t.Errorf("the log ends at %d, %v; want 1", last, err)
	}
	mustAppend(t, log, 2, write("member/m1", head(1, 1), rec("second")))
	if err := log.Health(t.Context()); err != nil {
		t.Errorf("Health: %v", err)
	}
}

// Three servers from the files, as they are deployed.
func TestThreeServersOfTheDeployment(t *testing.T) {
	d := deploy(t, 3)
	var made bool
	await(t, func() (err error) {
		made, err = jetstream.Create(t.Context(), d.config("DEPLOY"))
		return err
	})
	if !made {
		t.Fatal("the log was there")
	}
	var log *jetstream.Log
	await(t, func() (err error) {
		log, err = jetstream.Open(t.Context(), d.config("WRITER"))
		return err
	})
	t.Cleanup(func() { _ = log.Close() })
	mustAppend(t, log, 1, write("member/m1", head(0, 0), rec("a")))
	reader := open(t, d.config("READER"))
	n := 0
	for _, err := range reader.Replay(t.Context(), 0, 0) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("the reader sees %d records; want 1", n)
	}
	if _, err := reader.Append(t.Context(), write("member/m2", head(0, 0), rec("b"))); err == nil {
		t.Error("the reader appended")
	}
}

// await calls f until it succeeds.
func await(t testing.TB, f func() error) {
	t.Helper()
	end := time.Now().Add(time.Minute)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
