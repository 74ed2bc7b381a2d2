package jetstream_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "unsafe" // for the name of heartbeat

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"rollbook/eventstore"
	"rollbook/eventstore/jetstream"
	"rollbook/eventstore/jetstream/natstest"
)

// A server of its own is a child process of the test, so that it can be killed,
// paused and started again. It ends when the test does, however that ends.
var (
	_ = child("nats-server", serve)
	_ = child("nats-server-quick", func(config string) error {
		heartbeat = 20 * time.Millisecond
		return serve(config)
	})
)

// heartbeat is how often the servers of a cluster write to each other when they
// have nothing to say, a second. A log that asks for a leader that has heard from
// the others waits for that, and a test that asks a hundred times waits long.
// Nothing else of the server is changed, and in tests of faults not this either.
//
//go:linkname heartbeat github.com/nats-io/nats-server/v2/server.hbInterval
var heartbeat time.Duration

func serve(config string) error {
	opts, err := server.ProcessConfigFile(config)
	if err != nil {
		return err
	}
	opts.NoSigs = true
	srv, err := server.NewServer(opts)
	if err != nil {
		return err
	}
	srv.ConfigureLogger()
	srv.Start()
	_, err = io.Copy(io.Discard, os.Stdin) // ends with the test
	return err
}

// node is a server of its own.
type node struct {
	name, dir, url string
	template, role string
	process        *exec.Cmd
	input          io.Closer
}

// login is a user of the servers.
type login struct{ file, public string }

// nodes are the servers of a test.
type nodes struct {
	all    []*node
	ledger login // may do what the package's documentation lists, with LEDGER
	maker  login // may make LEDGER
	deploy login // may do everything in the ledger's account
}

// url names all servers.
func (n *nodes) url() string {
	urls := make([]string, len(n.all))
	for i, node := range n.all {
		urls[i] = node.url
	}
	return strings.Join(urls, ",")
}

// config is what a test opens a log with. The login may create it.
func (n *nodes) config() jetstream.Config {
	return jetstream.Config{URL: n.url(), NKeyFile: n.deploy.file}
}

// named returns the node of a name.
func (n *nodes) named(name string) *node {
	for _, node := range n.all {
		if node.name == name {
			return node
		}
	}
	return nil
}

func newLogin(t testing.TB) login {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, err := pair.Seed()
	if err != nil {
		t.Fatal(err)
	}
	public, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "seed.nk")
	if err := os.WriteFile(file, seed, 0o600); err != nil {
		t.Fatal(err)
	}
	return login{file, public}
}

// startNodes starts servers in a child's role, with accounts, permissions and
// sync always; more than one are a cluster. extra is added to the configuration of each.
func startNodes(t testing.TB, count int, role, extra string) *nodes {
	t.Helper()
	n := &nodes{ledger: newLogin(t), maker: newLogin(t), deploy: newLogin(t)}
	routes := make([]string, count)
	ports := make([]int, count)
	for i := range routes {
		ports[i] = natstest.FreePort(t)
		routes[i] = fmt.Sprintf("nats://127.0.0.1:%d", ports[i])
	}
	for i := range count {
		port := natstest.FreePort(t)
		dir := t.TempDir()
		cluster := ""
		if count > 1 {
			cluster = fmt.Sprintf("cluster { name: test, listen: \"127.0.0.1:%d\", routes: [ %s ] }\n", ports[i], strings.Join(routes, ", "))
		}
		name := fmt.Sprint("n", i+1)
		n.all = append(n.all, &node{
			role: role, name: name, dir: dir, url: fmt.Sprintf("nats://127.0.0.1:%d", port),
			template: fmt.Sprintf(`
server_name: %s
listen: "127.0.0.1:%d"
log_file: %q
ping_interval: 2s
jetstream { store_dir: %q, sync_interval: SYNC, max_memory_store: 64MB, max_file_store: 4GB }
%s%s%s`, name, port, filepath.Join(dir, "log"), dir, cluster, n.accounts(), extra),
		})
	}
	for _, node := range n.all {
		node.start(t, "always")
	}
	t.Cleanup(func() {
		for _, node := range n.all {
			node.kill(t)
			if t.Failed() {
				out, _ := os.ReadFile(filepath.Join(node.dir, "log"))
				t.Logf("the end of the log of %s:\n%s", node.name, out[max(0, len(out)-6000):])
			}
		}
	})
	n.awaitReady(t)
	return n
}

// accounts is the account of the ledger, with what the system account tells it.
// The logins of the ledger and of its maker may do exactly what doc.go lists.
func (n *nodes) accounts() string {
	services := []string{"$SYS.REQ.SERVER.PING.JSZ", "$SYS.REQ.SERVER.PING.HEALTHZ"}
	var exports, imports []string
	for _, service := range services {
		exports = append(exports, fmt.Sprintf("{ service: %q, response_type: stream, accounts: [LEDGER] }", service))
		imports = append(imports, fmt.Sprintf("{ service: { account: SYS, subject: %q } }", service))
	}
	user := func(login login, subjects ...string) string {
		return fmt.Sprintf(`{ nkey: %s, permissions: { publish: { allow: [ "%s" ] }, subscribe: { allow: [ "_INBOX.%s.>" ] } } }`,
			login.public, strings.Join(subjects, `", "`), login.public)
	}
	return fmt.Sprintf(`
accounts {
  SYS { users: [ { user: sys, password: sys } ], exports: [ %s ] }
  LEDGER {
    jetstream: enabled
    imports: [ %s ]
    users: [
      { nkey: %s }
      %s
      %s
    ]
  }
}
system_account: SYS
`, strings.Join(exports, ", "), strings.Join(imports, ", "), n.deploy.public,
		user(n.maker, "$JS.API.STREAM.INFO.LEDGER", "$JS.API.STREAM.CREATE.LEDGER"),
		user(n.ledger, append(services, "ledger.*.*",
			"$JS.API.STREAM.INFO.LEDGER", "$JS.API.STREAM.MSG.GET.LEDGER", "$JS.API.DIRECT.GET.LEDGER",
			"$JS.API.CONSUMER.CREATE.LEDGER.*", "$JS.API.CONSUMER.MSG.NEXT.LEDGER.*", "$JS.API.CONSUMER.DELETE.LEDGER.*")...))
}

// start starts the server, with a sync_interval.
func (n *node) start(t testing.TB, sync string) {
	t.Helper()
	config := filepath.Join(n.dir, "nats.conf")
	if err := os.WriteFile(config, []byte(strings.Replace(n.template, "SYNC", sync, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), childRole+"="+n.role, childArg+"="+config)
	process.Stdout, process.Stderr = os.Stderr, os.Stderr
	input, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	n.process, n.input = process, input
}

// kill ends the server without giving it a chance to write anything.
func (n *node) kill(t testing.TB) {
	t.Helper()
	if n.process == nil {
		return
	}
	if err := n.process.Process.Kill(); err != nil {
		t.Errorf("kill %s: %v", n.name, err)
	}
	_ = n.process.Wait() // says that it was killed
	_ = n.input.Close()
	n.process = nil
}

// admin is a connection of the deploy login.
func (n *nodes) admin(t testing.TB) *nats.Conn {
	t.Helper()
	key, err := nats.NkeyOptionFromSeed(n.deploy.file)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(n.url(), key, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// awaitReady waits until the servers can make a stream on all of them.
func (n *nodes) awaitReady(t testing.TB) {
	t.Helper()
	nc := n.admin(t)
	defer nc.Close()
	request, err := json.Marshal(map[string]any{"name": "READY", "subjects": []string{"ready"}, "storage": "memory", "num_replicas": len(n.all)})
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(time.Minute)
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		answer, err := nc.Request("$JS.API.STREAM.CREATE.READY", request, 5*time.Second)
		if err == nil && !bytes.Contains(answer.Data, []byte(`"error"`)) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the servers are not ready: %v, %v", err, answer)
		}
		<-ticker.C
	}
	if _, err := nc.Request("$JS.API.STREAM.DELETE.READY", nil, 5*time.Second); err != nil {
		t.Fatal(err)
	}
}

// leader returns the server that leads a stream, nil if there is none now.
func (n *nodes) leader(nc *nats.Conn, stream string) *node {
	answer, err := nc.Request("$JS.API.STREAM.INFO."+stream, nil, time.Second)
	if err != nil {
		return nil
	}
	var info struct {
		Cluster struct {
			Leader string `json:"leader"`
		} `json:"cluster"`
	}
	if json.Unmarshal(answer.Data, &info) != nil {
		return nil
	}
	return n.named(info.Cluster.Leader)
}

// openLogin opens a log that is there.
func openLogin(t *testing.T, cfg jetstream.Config) *jetstream.Log {
	t.Helper()
	log, err := jetstream.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Open = %v", err)
	}
	t.Cleanup(func() { mustClose(t, log) })
	return log
}

func replayAll(t *testing.T, log *jetstream.Log) []eventstore.Record {
	t.Helper()
	var list []eventstore.Record
	for r, err := range log.Replay(t.Context(), 0, 0) {
		if err != nil {
			t.Fatalf("Replay after %d records: %v", len(list), err)
		}
		list = append(list, r)
	}
	return list
}
