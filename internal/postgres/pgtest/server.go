package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	leastVersion = 15
	superuser    = "rollbook"
	startTimeout = time.Minute
)

// Server is a PostgreSQL of the test binary's own.
type Server struct {
	bin, dir string
	as       *account

	mu      sync.Mutex
	process *exec.Cmd
	ended   chan struct{}
}

// Start makes and starts a server.
func Start() (_ *Server, err error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	// Not in a test's own directory: its parents are closed to other accounts,
	// and the path of a socket is short.
	dir, err := os.MkdirTemp("", "rollbook-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if s.as, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.as != nil {
		if err := os.Chown(dir, s.as.uid, s.as.gid); err != nil {
			return nil, err
		}
	}
	initdb := s.command("initdb", "-D", s.data(), "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return s, s.Restart()
}

// account is who the server runs as.
type account struct{ uid, gid int }

// unprivileged returns an account to run the server as, because PostgreSQL
// refuses to be root; nil if we are not.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		return &account{uid, gid}, errors.Join(err1, err2)
	}
	return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no other account for it: %w", errors.Join(errs...))
}

// programs returns the directory of the newest PostgreSQL that is installed.
func programs() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // fails only for a bad pattern
	for _, other := range []string{"/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin"} {
		more, _ := filepath.Glob(other)
		found = append(found, more...)
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, filepath.Dir(path))
	}
	best, newest := "", 0
	for _, dir := range found {
		if v := version(dir); v > newest {
			best, newest = dir, v
		}
	}
	if newest < leastVersion {
		return "", fmt.Errorf("these tests need PostgreSQL %d or newer: install it (apt-get install postgresql, it need not run), or name a server in %s", leastVersion, Variable)
	}
	return best, nil
}

var versionPattern = regexp.MustCompile(`\) (\d+)`)

// version returns the major version of the PostgreSQL in a directory, 0 if there
// is none.
func version(dir string) int {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return 0
	}
	out, err := exec.CommandContext(context.Background(), filepath.Join(dir, "postgres"), "--version").Output()
	if m := versionPattern.FindSubmatch(out); err == nil && m != nil {
		n, _ := strconv.Atoi(string(m[1])) // digits
		return n
	}
	return 0
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(s.bin, program), args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.SysProcAttr = attributes(s.as)
	return cmd
}

// URL returns the URL of the server's own database, for a user who may do
// everything.
func (s *Server) URL() string {
	return (&url.URL{Scheme: "postgres", Path: "/postgres", RawQuery: url.Values{"host": {s.dir}, "user": {superuser}}.Encode()}).String()
}

// Restart starts the server, if it does not run, and waits until it answers.
func (s *Server) Restart() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		return nil
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	cmd := s.command("postgres", "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=60", "-c", "shared_buffers=64MB")
	cmd.Stdout, cmd.Stderr = log, log
	ended := make(chan struct{})
	begun := make(chan error)
	go func() {
		defer close(ended)
		hold()
		err := cmd.Start()
		begun <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
		}
		_ = log.Close()
	}()
	if err := <-begun; err != nil {
		return err
	}
	s.process, s.ended = cmd, ended
	deadline := time.Now().Add(startTimeout)
	for {
		err := answers(s.URL())
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			s.process = nil
			return fmt.Errorf("PostgreSQL ended at its start:\n%s", s.log())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, s.log())
		}
	}
}

func (s *Server) log() string {
	b, _ := os.ReadFile(filepath.Join(s.dir, "log")) // for an error text only
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

func answers(server string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	return errors.Join(conn.Ping(ctx), conn.Close(ctx))
}

// RequirePasswords makes the server ask everybody for a password, whom it has
// given none.
func (s *Server) RequirePasswords() error {
	if err := os.WriteFile(filepath.Join(s.data(), "pg_hba.conf"), []byte("local all all scram-sha-256\n"), 0o600); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := execute(s.URL(), `SELECT pg_reload_conf()`); err != nil {
		return err
	}
	for range 1000 {
		if err := answers(s.URL()); err != nil { // it asks
			return nil
		}
	}
	return errors.New("the server still asks for no password")
}

// Kill ends the server and all its processes as a power cut would end them,
// without giving them a chance to write anything.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	kill(s.process.Process.Pid)
	<-s.ended
	s.process = nil
}

// Stop ends the server and removes what it has stored.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		// SIGINT is its fast shutdown: connections are ended.
		if err := s.process.Process.Signal(syscall.SIGINT); err != nil {
			return err
		}
		<-s.ended
		s.process = nil
	}
	return os.RemoveAll(s.dir)
}
