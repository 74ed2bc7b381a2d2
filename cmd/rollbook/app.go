package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"rollbook/domain"
	"rollbook/eventstore"
	"rollbook/ledger"
)

// app is one run of the program: its streams and its settings.
type app struct {
	stdin   io.Reader
	out     *output
	console *console
	now     func() time.Time
	env     func(string) string

	dir      string
	master   string
	tree     string
	servers  ledger.Servers
	feed     ledger.Servers
	unsafe   bool
	database string
	signing  ledger.Signing
	roles    ledger.Roles // of a service
	json     bool
	lang     string
	verbose  bool
	head     letterheadFlags
	server   remote

	config      configuration
	environment func(string) string // without the configuration file; nil if there is none
	// misconfigured is what is wrong with that file. Help comes all the same.
	misconfigured error

	logger *slog.Logger
	begun  bool // the arguments were understood
	args   []string

	// Of a command that was handed over to the service: see handover.go.
	shared  *ledger.Ledger // the one that the service has open
	service *app           // the service, which knows where that is
	where   string         // the directory that the caller is in
	visit   *visit         // of one that a visitor has sent; nil for all others
}

func (a *app) run(ctx context.Context, args []string) int {
	a.lang, a.args = languageOf(a.env), args
	a.misconfigured = a.configure()
	a.lang = languageOf(a.env)
	root := a.root() //nolint:contextcheck // commands get ctx from cobra, see ExecuteContext
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.out)
	root.SetErr(a.console)
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		a.translate(root) // a shell shows what commands and flags are for
	}
	err := root.ExecuteContext(ctx)
	if a.visit != nil {
		err = a.refusal(ctx, err)
	}
	if h, ok := errors.AsType[*handedOverError](err); ok {
		return h.exit
	}
	if err != nil && !a.begun {
		err, a.json = asUsage(err), a.json || asksJSON(args)
	}
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, context.Canceled) // some drivers have their own word for it
	}
	return a.finish(err)
}

// asksJSON looks for --json among arguments that could not be parsed, because
// the mistake has to be answered in JSON too.
func asksJSON(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "--json", "--json=true":
			return true
		case "--":
			return false
		}
	}
	return false
}

// languageOf returns the language of the messages: that of ROLLBOOK_LANG, or of
// the locale.
func languageOf(env func(string) string) string {
	for _, name := range []string{"ROLLBOOK_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := env(name); v != "" {
			if strings.HasPrefix(strings.ToLower(v), "vi") {
				return "vi"
			}
			return "en"
		}
	}
	return "en"
}

// say returns a text in the chosen language.
func (a *app) say(en, vi string) string { return domain.Text{EN: en, VI: vi}.In(a.lang) }

const rootLong = `Rollbook keeps the membership ledger of an organisation: every fact is recorded
once, with the day on which it counts, and every figure can be asked for as of
any day and as it was known at any moment.

Try it:    rollbook demo
Your own:  rollbook import events.ndjson

Exit codes: 0 done; 1 unexpected; 2 usage; 3 verification failed or evidence
missing; 4 conflict; 5 not found; 6 some input rejected; 7 doctor found a
failure; 8 the ledger or its database cannot be reached or is in use; 130
interrupted.

With --json every command writes one JSON document to standard output, errors
included; logs and progress go to standard error.`

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "rollbook", Short: "A membership ledger", Long: rootLong,
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && !a.json {
				return cmd.Help()
			}
			return a.wrongSubcommand(cmd, args)
		},
		Args: cobra.ArbitraryArgs,
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if err := a.begin(); err != nil {
				return err
			}
			return a.handOver(cmd, args)
		},
	}
	dir := a.env("ROLLBOOK_DATA")
	if dir == "" {
		dir = "./rollbook-data"
	}
	f := root.PersistentFlags()
	f.StringVar(&a.dir, "data", dir, "data directory (ROLLBOOK_DATA)")
	f.String(configFlag, "", "configuration file, see docs/configuration.md; what flags and the environment say goes before it ("+configEnv+")")
	f.StringVar(&a.master, "master-key", a.env("ROLLBOOK_MASTER_KEY"), "master key file, made together with the ledger; without it master.key in the data directory (ROLLBOOK_MASTER_KEY)")
	f.StringVar(&a.tree, "tree", a.env("ROLLBOOK_TREE"), "directory of the tree that the log is compared with at each start, best on another disk; without it tree in the data directory (ROLLBOOK_TREE)")
	f.StringVar(&a.servers.URL, "nats", a.env("ROLLBOOK_NATS"), "NATS servers that have the log, such as tls://n1:4222,tls://n2:4222,tls://n3:4222; without it the log is in the data directory (ROLLBOOK_NATS)")
	f.StringVar(&a.servers.NKeyFile, "nkey", a.env("ROLLBOOK_NKEY"), "file with the seed of the nkey for the NATS servers (ROLLBOOK_NKEY)")
	f.StringVar(&a.servers.CA, "nats-ca", a.env("ROLLBOOK_NATS_CA"), "file with the certificates that the NATS servers are checked by (ROLLBOOK_NATS_CA)")
	f.StringVar(&a.servers.Cert, "nats-cert", a.env("ROLLBOOK_NATS_CERT"), "file with this program's certificate for the NATS servers (ROLLBOOK_NATS_CERT)")
	f.StringVar(&a.servers.Key, "nats-key", a.env("ROLLBOOK_NATS_KEY"), "file with the key to that certificate (ROLLBOOK_NATS_KEY)")
	f.StringVar(&a.feed.NKeyFile, "feed-nkey", a.env("ROLLBOOK_FEED_NKEY"), "file with the seed of the nkey for the feed on the NATS servers (ROLLBOOK_FEED_NKEY)")
	f.StringVar(&a.signing.Policy, "policy", a.env("ROLLBOOK_POLICY"), "policy file: the key of the log, and which witnesses have to cosign its checkpoints; without it there are none (ROLLBOOK_POLICY)")
	f.StringVar(&a.signing.Signer, "signer", a.env("ROLLBOOK_SIGNER"), "address of the process that signs checkpoints, such as unix:///run/rollbook/sign.sock; without it this one does (ROLLBOOK_SIGNER)")
	f.StringArrayVar(&a.signing.Anchors, "anchor", splitList(a.env("ROLLBOOK_ANCHORS")), "file outside that each checkpoint is added to, on another disk or in a shared folder; may be given again (ROLLBOOK_ANCHORS, separated by commas)")
	f.BoolVar(&a.unsafe, "unsafe-sync", false, "accept a log that answers before facts are on the disk; for data that can be made again. Every report says so")
	// Not with the variable as its default: help would show it, with a password.
	f.StringVar(&a.database, "database", "", "PostgreSQL database for the read models and the keys of a new ledger, as postgres://USER@HOST/NAME; without it files in the data directory (ROLLBOOK_DATABASE, PGPASSWORD)")
	f.StringVar(&a.server.URL, "server", a.env("ROLLBOOK_SERVER"), "service that is to do the command, such as https://rollbook.example; without it the ledger of the data directory (ROLLBOOK_SERVER)")
	f.StringVar(&a.server.Token, "token-file", a.env("ROLLBOOK_TOKEN_FILE"), "with --server: file with a token for that service, which nobody else may read (ROLLBOOK_TOKEN_FILE)")
	f.StringVar(&a.server.CA, "server-ca", a.env("ROLLBOOK_SERVER_CA"), "with --server: file with the certificates that it is checked by; without it those that this machine trusts (ROLLBOOK_SERVER_CA)")
	f.BoolVar(&a.json, "json", false, "write one JSON document to standard output")
	f.StringVar(&a.lang, "lang", a.lang, "language of messages and tables: vi or en (ROLLBOOK_LANG, LC_ALL, LANG)")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "log what the program does to standard error")
	completeFlag(root, "lang", "vi", "en")
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpFunc(a.help)
	root.AddCommand(
		a.importCommand(), a.recordCommand(), a.historyCommand(), a.reportCommand(), a.explainCommand(), a.eventsCommand(), a.projectionsCommand(),
		a.anchorCommand(), a.checkpointCommand(), a.signCommand(), a.witnessCommand(), a.verifyCommand(), a.archiveCommand(), a.backupCommand(),
		a.restoreCommand(), a.bundleCommand(), a.attestCommand(), a.checkCommand(), a.natsCommand(), a.benchCommand(), a.serveCommand(),
		a.demoCommand(), a.versionCommand(), a.completionCommand(), a.policyCommand(), a.accessCommand(), a.doctorCommand(), a.templateCommand(),
		a.configCommand(),
	)
	root.SetHelpCommand(a.helpCommand())
	return root
}

// begin settles what flags have set, before a command does its work.
func (a *app) begin() error {
	if a.lang != "vi" && a.lang != "en" {
		bad := a.lang
		a.lang = languageOf(a.env)
		return usage("--lang is vi or en, not %q", "--lang là vi hoặc en, không phải %q", bad)
	}
	if a.misconfigured != nil {
		return a.misconfigured
	}
	a.begun = true
	if a.database == "" {
		a.database = a.env("ROLLBOOK_DATABASE")
	}
	if s := a.service; s != nil { // where the ledger is, is not for the caller to say
		a.dir, a.master, a.tree, a.database = s.dir, s.master, s.tree, s.database
		a.servers, a.feed, a.unsafe = s.servers, s.feed, s.unsafe
	}
	level := slog.LevelInfo
	if a.verbose {
		level = slog.LevelDebug
	}
	if a.console.terminal() {
		a.logger = slog.New(tracedHandler{tint.NewTextHandler(a.console, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: a.env("NO_COLOR") != ""})})
	} else {
		a.logger = slog.New(tracedHandler{slog.NewJSONHandler(a.console, &slog.HandlerOptions{Level: level})})
	}
	return nil
}

// group is a command that only holds others.
func (a *app) group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{
		Use: use, Short: short, Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return a.wrongSubcommand(cmd, args) },
	}
	g.AddCommand(commands...)
	return g
}

func (a *app) wrongSubcommand(cmd *cobra.Command, args []string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	list := strings.Join(names, ", ")
	if len(args) == 0 {
		return usage("%s needs one of: %s", "%s cần một trong các lệnh: %s", cmd.CommandPath(), list)
	}
	return usage("%s has no command %q; it has: %s", "%s không có lệnh %q; các lệnh hiện có: %s", cmd.CommandPath(), args[0], list)
}

func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Explain a command", Args: cobra.ArbitraryArgs, Example: "  rollbook help import",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return a.wrongSubcommand(about, rest)
			}
			return about.Help()
		},
	}
}

// help writes a command's help, in JSON where that is asked for.
func (a *app) help(cmd *cobra.Command, _ []string) {
	a.translate(cmd.Root())
	text := cmd.Long
	if text == "" {
		text = cmd.Short
	}
	text += "\n\n" + cmd.UsageString()
	if a.json {
		a.out.document(map[string]string{"help": text})
		return
	}
	a.out.line(strings.TrimRight(text, "\n"))
}

// arguments checks how many arguments a command was given; most < 0 is any
// number.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && (most < 0 || len(args) <= most) {
			return nil
		}
		return usage("write it as: %s", "cách viết: %s", cmd.UseLine())
	}
}

// withLedger opens the ledger of the data directory, does something with it and
// closes it.
func (a *app) withLedger(ctx context.Context, do func(*ledger.Ledger) error) error {
	return a.withLedgerIn(ctx, a.dir, ledger.Options{}, do)
}

func (a *app) withLedgerIn(ctx context.Context, dir string, o ledger.Options, do func(*ledger.Ledger) error) error {
	if a.shared != nil && dir == a.dir {
		if o.NewTree {
			return fmt.Errorf("%w: the service has it, and this needs the ledger for itself", eventstore.ErrInUse)
		}
		return do(a.shared)
	}
	o.Logger = a.logger
	if dir == a.dir { // not for one that is thrown away
		o.MasterKey, o.Tree, o.Database = a.master, a.tree, a.database
		o.Servers, o.Feed, o.UnsafeSync, o.Signing = a.servers, a.feed, a.unsafe, a.signing
	}
	l, err := ledger.Open(ctx, dir, o)
	if err != nil {
		return err
	}
	return errors.Join(do(l), l.Close())
}

// splitList returns what stands between commas.
func splitList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// interactive reports whether a stream is a terminal.
func interactive(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// today is the calendar date where the program runs.
func (a *app) today() domain.Date {
	y, m, d := a.now().Date()
	date, _ := domain.NewDate(y, int(m), d)
	return date
}
