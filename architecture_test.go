package rollbook_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// room is a part of the tree and what its files may not import. The linter
// checks the same; this test also holds where no linter runs, sees files behind
// build tags, and cannot be switched off by a comment.
type room struct {
	folder  string // it and everything below it; "." is the whole tree
	except  []string
	shipped bool // spare the tests
	refuses func(imported string) bool
	because string
}

var rooms = []room{
	{
		folder: "domain", shipped: true,
		refuses: func(i string) bool {
			return !standard(i) || within(i, "context", "crypto/rand", "database/sql", "log", "math/rand", "net", "os", "syscall")
		},
		because: "domain imports the standard library without I/O, randomness and cancellation",
	},
	{
		folder:  "domain",
		refuses: func(i string) bool { return within(i, "rollbook") && !within(i, "rollbook/domain") },
		because: "domain imports nothing of ours",
	},
	{
		folder: "eventstore",
		refuses: func(i string) bool {
			return within(i, "rollbook") && !within(i, "rollbook/eventstore", "rollbook/internal/postgres")
		},
		because: "the event store knows bytes, not events",
	},
	{
		folder:  "projections",
		refuses: func(i string) bool { return within(i, "rollbook/ledger", "rollbook/web") },
		because: "projections read the log; the ledger reads them",
	},
	{
		folder:  "ledger",
		refuses: func(i string) bool { return within(i, "rollbook/web") },
		because: "the service stands on the ledger",
	},
	{
		folder: "web/access", shipped: true,
		refuses: func(i string) bool {
			return within(i, "rollbook") && !within(i, "rollbook/web/access", "rollbook/internal/postgres")
		},
		because: "who may do what has nothing to do with what is in the ledger",
	},
	{
		folder: "web/openid", shipped: true,
		refuses: func(i string) bool { return within(i, "rollbook") && i != "rollbook/web/access" },
		because: "a provider says who somebody is, and nothing more",
	},
	{
		folder: ".", except: []string{"web/openid"},
		refuses: func(i string) bool { return within(i, "github.com/coreos/go-oidc", "golang.org/x/oauth2") },
		because: "only one package speaks with an OpenID provider",
	},
	{
		folder:  "web/service",
		refuses: func(i string) bool { return i == "rollbook/web" || within(i, "rollbook/web/pages") },
		because: "the protocol and the pages stand on the service",
	},
	{
		folder: "audit",
		refuses: func(i string) bool {
			return within(i, "rollbook") && !within(i, "rollbook/audit", "rollbook/domain", "rollbook/eventstore")
		},
		because: "an auditor's code needs neither the ledger nor its read models",
	},
	{
		folder: "audit", shipped: true,
		refuses: func(i string) bool { return within(i, "rollbook/eventstore/jetstream", "rollbook/eventstore/vault") },
		because: "an auditor's code opens no log and no keys",
	},
	{
		folder: ".", except: []string{"cmd"},
		refuses: func(i string) bool { return within(i, "rollbook/cmd") },
		because: "the binary wires the packages, none imports it",
	},
	{
		folder: ".", except: []string{"office", "cmd", "web"},
		refuses: func(i string) bool { return within(i, "rollbook/office", "github.com/xuri/excelize") },
		because: "the office brings sheets and takes them away; nothing below knows of them",
	},
	{
		folder: ".", except: []string{"eventstore", "docs/examples"}, // an example is a program of somebody else's
		refuses: func(i string) bool { return within(i, "github.com/nats-io", "github.com/synadia-io") },
		because: "only the event store speaks NATS",
	},
	{
		folder: ".", except: []string{"projections/sqlite", "projections/postgres", "eventstore/vault", "internal/postgres", "web/access"},
		refuses: func(i string) bool {
			return within(i, "database/sql", "github.com/jackc/pgx", "github.com/lib/pq", "github.com/mattn/go-sqlite3", "github.com/pressly/goose", "modernc.org/sqlite")
		},
		because: "databases are for read models, the keyring and accounts",
	},
	{
		folder:  "internal/postgres",
		refuses: func(i string) bool { return within(i, "rollbook") && !within(i, "rollbook/internal/postgres") },
		because: "how a database is reached has nothing to do with what is in it",
	},
	{
		folder: ".", except: []string{"office"}, shipped: true,
		refuses: func(i string) bool { return within(i, "github.com/xuri", "codeberg.org/go-pdf") },
		because: "workbooks and PDF come in and go out through the office",
	},
	{
		folder: "office/papers",
		refuses: func(i string) bool {
			return within(i, "rollbook") && !within(i, "rollbook/office/papers", "rollbook/domain")
		},
		because: "a paper knows nothing of figures",
	},
	{
		folder: ".", except: []string{"cmd", "web", "office"},
		refuses: func(i string) bool { return within(i, "rollbook/office") },
		because: "what the office hands in and takes away is for the command line and the pages",
	},
	{
		folder: ".", except: []string{"internal/naive", "internal/postgres/pgtest", "eventstore/jetstream/natstest", "eventstore/storetest", "eventstore/vault/vaulttest", "projections/storetest", "projections/sqlite/sqlitetest"}, shipped: true,
		refuses: func(i string) bool {
			return within(i, "github.com/anishathalye/porcupine", "github.com/chromedp", "github.com/cloudevents", "github.com/santhosh-tekuri/jsonschema", "github.com/transparency-dev", "pgregory.net/rapid",
				"rollbook/eventstore/jetstream/natstest", "rollbook/eventstore/storetest", "rollbook/eventstore/vault/vaulttest", "rollbook/internal/naive",
				"rollbook/internal/postgres/pgtest", "rollbook/projections/sqlite/sqlitetest", "rollbook/projections/storetest", "testing")
		},
		because: "what helps tests stays out of the binary",
	},
	{
		folder:  "internal/naive",
		refuses: func(i string) bool { return within(i, "rollbook") && !within(i, "rollbook/internal/naive") },
		because: "the second opinion shares no code with the first",
	},
}

func TestImportsPointOneWay(t *testing.T) {
	got, files, err := violations(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("read only %d Go files: is this the root of the repository?", files)
	}
	for _, v := range got {
		t.Error(v)
	}
}

func TestEveryImportRuleCanFail(t *testing.T) {
	type file struct{ name, imported string }
	broken := []file{
		{"domain/a.go", "os"},
		{"domain/a.go", "os/signal"},
		{"domain/a.go", "net/http"},
		{"domain/a.go", "context"},
		{"domain/a.go", "database/sql"},
		{"domain/a.go", "log/slog"},
		{"domain/a.go", "math/rand"},
		{"domain/a.go", "math/rand/v2"},
		{"domain/a.go", "crypto/rand"},
		{"domain/a.go", "golang.org/x/text/unicode/norm"},
		{"domain/a.go", "rollbook/eventstore"},
		{"domain/reference/a.go", "os"},
		{"domain/a_test.go", "rollbook/ledger"},
		{"eventstore/a.go", "rollbook/domain"},
		{"eventstore/jetstream/a.go", "rollbook/projections"},
		{"eventstore/jetstream/a_test.go", "rollbook/ledger"},
		{"eventstore/memory/a.go", "rollbook/cmd/rollbook/demo"},
		{"projections/a.go", "rollbook/ledger"},
		{"projections/sqlite/a_test.go", "rollbook/cmd/rollbook/demo"},
		{"ledger/a_test.go", "rollbook/cmd/rollbook"},
		{"ledger/a.go", "github.com/nats-io/nats.go"},
		{"cmd/rollbook/a_test.go", "github.com/nats-io/nats-server/v2/server"},
		{"ledger/a.go", "modernc.org/sqlite"},
		{"projections/a.go", "database/sql"},
		{"web/a.go", "github.com/jackc/pgx/v5/pgxpool"},
		{"ledger/a.go", "rollbook/internal/naive"},
		{"ledger/a.go", "rollbook/projections/storetest"},
		{"ledger/a.go", "github.com/pressly/goose/v3"},
		{"projections/postgres/a.go", "rollbook/internal/postgres/pgtest"},
		{"eventstore/vault/postgres/a.go", "rollbook/eventstore/vault/vaulttest"},
		{"eventstore/jetstream/a.go", "rollbook/eventstore/jetstream/natstest"},
		{"eventstore/a.go", "rollbook/internal/naive"},
		{"internal/postgres/a.go", "rollbook/eventstore"},
		{"cmd/rollbook/a.go", "testing"},
		{"eventstore/jetstream/a.go", "github.com/anishathalye/porcupine"},
		{"docs/catalogue/a.go", "github.com/santhosh-tekuri/jsonschema/v6"},
		{"ledger/a.go", "github.com/cloudevents/sdk-go/v2/event"},
		{"audit/a.go", "github.com/transparency-dev/merkle/proof"},
		{"internal/naive/a.go", "rollbook/domain"},
		{"ledger/a.go", "github.com/xuri/excelize/v2"},
		{"cmd/rollbook/a.go", "codeberg.org/go-pdf/fpdf"},
		{"office/papers/a.go", "rollbook/projections"},
		{"ledger/a_test.go", "rollbook/office/reports"},
		{"ledger/a.go", "rollbook/web/access"},
		{"web/access/a.go", "rollbook/ledger"},
		{"web/service/a.go", "rollbook/web"},
		{"web/service/a.go", "rollbook/web/pages"},
		{"ledger/a_test.go", "rollbook/office/sheets"},
		{"projections/a.go", "github.com/xuri/excelize/v2"},
	}
	for _, f := range broken {
		tree := fstest.MapFS{f.name: {Data: fmt.Appendf(nil, "package p\n\nimport _ %q\n", f.imported)}}
		if got, _, err := violations(tree); err != nil || len(got) == 0 {
			t.Errorf("%s may import %s: %v", f.name, f.imported, err)
		}
	}

	sound := []file{
		{"domain/a.go", "embed"},
		{"domain/a.go", "time"},
		{"domain/a_test.go", "os"},
		{"domain/a_test.go", "rollbook/domain"},
		{"domain/testdata/a.go", "os"},
		{"eventstore/storetest/a.go", "testing"},
		{"eventstore/jetstream/a.go", "github.com/nats-io/nats.go"},
		{"projections/sqlite/a.go", "modernc.org/sqlite"},
		{"projections/storetest/a.go", "rollbook/internal/naive"},
		{"internal/postgres/a.go", "github.com/jackc/pgx/v5/pgxpool"},
		{"web/access/a.go", "database/sql"},
		{"web/a.go", "rollbook/web/service"},
		{"eventstore/vault/postgres/a.go", "rollbook/internal/postgres"},
		{"ledger/a_test.go", "rollbook/internal/postgres/pgtest"},
		{"projections/a.go", "rollbook/eventstore"},
		{"ledger/a_test.go", "rollbook/internal/naive"},
		{"cmd/rollbook/a.go", "rollbook/cmd/rollbook/demo"},
		{"cmd/rollbook/a_test.go", "github.com/xuri/excelize/v2"},
		{"office/papers/a.go", "codeberg.org/go-pdf/fpdf"},
		{"office/reports/a.go", "rollbook/ledger"},
		{"web/a.go", "rollbook/office/reports"},
		{"office/sheets/a.go", "rollbook/ledger"},
		{"cmd/rollbook/a.go", "rollbook/office/sheets"},
	}
	for _, f := range sound {
		tree := fstest.MapFS{f.name: {Data: fmt.Appendf(nil, "package p\n\nimport _ %q\n", f.imported)}}
		if got, _, err := violations(tree); err != nil || len(got) != 0 {
			t.Errorf("%s may not import %s: %v %v", f.name, f.imported, got, err)
		}
	}
}

// violations reads the imports of every Go file in tree, whatever its build
// tags, and returns a line for each that a room refuses, and the number of
// files read.
func violations(tree fs.FS) (lines []string, files int, err error) {
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			base := entry.Name()
			if base == "testdata" || name != "." && strings.HasPrefix(base, ".") {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		positions := token.NewFileSet()
		file, err := parser.ParseFile(positions, name, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		files++
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			for _, r := range rooms {
				if r.holds(name) && r.refuses(imported) {
					lines = append(lines, fmt.Sprintf("%s imports %s: %s", positions.Position(spec.Pos()), imported, r.because))
				}
			}
		}
		return nil
	})
	return lines, files, err
}

func (r room) holds(file string) bool {
	if r.shipped && strings.HasSuffix(file, "_test.go") {
		return false
	}
	in := r.folder == "." || within(file, r.folder)
	return in && !within(file, r.except...)
}

// within reports whether a path is one of the others or below it.
func within(p string, others ...string) bool {
	return slices.ContainsFunc(others, func(o string) bool { return p == o || strings.HasPrefix(p, o+"/") })
}

// standard reports whether an import path belongs to the standard library: its
// first element has no dot, and is not ours.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".") && first != "rollbook"
}
