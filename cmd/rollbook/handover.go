package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"rollbook/ledger"
)

// One process has a ledger's directory. While that is the service, other commands
// hand their work over to it: they send what they were asked, with their own
// input, output and place in the file system, through a socket that only the
// owner of the directory reaches. The service runs the same command there, with
// the ledger that it has open, so the output is the same to the byte, and so is
// the exit code.

// errand is a command that is handed over. The files that it needs go along with
// it: see sendErrand.
type errand struct {
	Args []string `json:"args"`
	// Where is the directory that relative names of files start from.
	Where string `json:"where"`
	// Env are the variables that say how to speak: see spoken.
	Env map[string]string `json:"env"`
}

// speech returns the variables that are handed over.
func (a *app) speech() map[string]string {
	env := map[string]string{}
	for _, name := range spoken {
		if v := a.env(name); v != "" {
			env[name] = v
		}
	}
	return env
}

// outcome is what comes back. The output itself went where the errand said.
type outcome struct {
	Exit int `json:"exit"`
}

// spoken are the variables that are handed over: the language, and what stands
// around a paper. All others are the service's business: where the ledger is and
// who may open it.
var spoken = []string{
	"ROLLBOOK_LANG", "LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR",
	"ROLLBOOK_SUPERIOR", "ROLLBOOK_OFFICE", "ROLLBOOK_PLACE", "ROLLBOOK_SIGNATURES",
}

// maxErrand bounds what is read of an errand.
const maxErrand = 4 << 20

// atHome are the commands that are not handed over: they need no ledger, make or
// serve one, or look at one from outside; accounts are in a database of their own.
// A group stands for all in it.
var atHome = []string{
	"access", "bench", "check", "completion", "config", "demo", "events schema", "events types", "help", "nats", "serve", "sign", "version", "witness",
}

// handedOverError is how a command ends that the service has run.
type handedOverError struct{ exit int }

func (h *handedOverError) Error() string { return fmt.Sprintf("handed over: exit %d", h.exit) }

// handOver lets the service do a command if one has the ledger. It returns a
// *[handedOverError] when that has been done, and nil when the command is to go on here.
func (a *app) handOver(cmd *cobra.Command, args []string) error {
	switch {
	case a.visit != nil:
		return a.admit(cmd)
	case a.server.URL != "" && a.service == nil:
		return a.sendAway(cmd, args)
	}
	if a.shared != nil || !cmd.Runnable() || isAtHome(cmd) {
		return nil
	}
	to, err := dialErrands(cmd.Context(), filepath.Join(a.dir, ledger.ErrandsFile))
	if err != nil {
		return nil // no service, or one that ends: opening the ledger tells
	}
	defer func() { _ = to.Close() }() // the answer is all that matters
	e := errand{Args: a.args, Env: a.speech()}
	if e.Where, err = filepath.Abs("."); err != nil {
		return err
	}
	out, err := a.send(cmd.Context(), to, e)
	if err != nil {
		return handoverBroken(err)
	}
	return &handedOverError{out.Exit}
}

// handoverBroken is the end of a command that a service does, and does not tell of.
func handoverBroken(err error) error {
	return &problem{name: "unavailable", exit: exitUnreachable, cause: err, text: textf(
		"the service has the ledger and did not answer to the end (%v); what it acknowledged is stored, and recording or importing again changes nothing that is there",
		"dịch vụ đang giữ sổ và không trả lời trọn vẹn (%v); những gì đã được xác nhận thì đã lưu, ghi hoặc nhập lại không làm thay đổi gì", err)}
}

func isAtHome(cmd *cobra.Command) bool {
	path := pathOf(cmd)
	if f := cmd.Flags().Lookup(mirrorFlag); f != nil && f.Changed {
		return true // the servers and the files are the caller's
	}
	return slices.ContainsFunc(atHome, func(name string) bool { return path == name || strings.HasPrefix(path, name+" ") })
}

// send sends an errand and waits for its outcome. The end of ctx is told to the
// other side, which ends the command in good order and still answers.
func (a *app) send(ctx context.Context, to errandConn, e errand) (out outcome, err error) {
	b, err := json.Marshal(e)
	if err != nil {
		return out, err
	}
	stop, err := a.sendErrand(to, append(b, '\n'), slices.ContainsFunc(e.Args, readsInput))
	if err != nil {
		return out, err
	}
	defer stop()
	defer context.AfterFunc(ctx, func() { _ = to.CloseWrite() })()
	err = json.NewDecoder(io.LimitReader(to, maxErrand)).Decode(&out)
	return out, err
}

// readsInput reports whether an argument names standard input.
func readsInput(arg string) bool { return arg == "-" || strings.HasSuffix(arg, "=-") }

// errandConn is one side of the socket.
type errandConn interface {
	net.Conn
	CloseWrite() error
}

// doErrands does what other commands hand over, each beside the others, until ctx
// ends; then it waits for those that are under way.
func (a *app) doErrands(ctx context.Context, l net.Listener, shared *ledger.Ledger) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	for {
		conn, err := l.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the socket for commands: %w", err)
		}
		wg.Go(func() {
			defer func() { _ = conn.Close() }()
			if err := a.doErrand(ctx, conn.(errandConn), shared); err != nil {
				a.logger.WarnContext(ctx, "a command that was handed over was not understood", slog.Any("error", err))
			}
		})
	}
}

func (a *app) doErrand(ctx context.Context, from errandConn, shared *ledger.Ledger) error {
	line, streams, err := receiveErrand(from)
	if err != nil {
		return err
	}
	defer streams.close()
	var e errand
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // the other side says nothing more, but for that it has gone or wants an end
		_, _ = io.Copy(io.Discard, from)
		cancel()
	}()
	exit := a.forCaller(e, streams, shared).guarded(ctx, e.Args)
	return json.NewEncoder(from).Encode(outcome{exit})
}

// forCaller returns the program as the caller of an errand would have run it.
func (a *app) forCaller(e errand, s streams, shared *ledger.Ledger) *app {
	env := maps.Clone(e.Env)
	return &app{
		stdin: s.in, out: newOutput(s.out), console: &console{w: s.err},
		now: a.now, where: e.Where, shared: shared, service: a,
		env: func(name string) string {
			if slices.Contains(spoken, name) {
				return env[name]
			}
			return a.env(name)
		},
	}
}

// guarded runs a command so that a defect in it ends it alone and not the service.
func (a *app) guarded(ctx context.Context, args []string) (exit int) {
	defer func() {
		if r := recover(); r != nil {
			exit = exitUnexpected
			a.panicked(ctx, r)
		}
	}()
	return a.run(ctx, args)
}

// errNoErrands says that commands cannot be handed over on this system.
var errNoErrands = errors.New("commands cannot be handed over to a running service on this system")
