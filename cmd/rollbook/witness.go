package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rollbook/audit"
)

// How long a signer or a witness gives whoever asks, and itself to end.
const (
	askedFor  = 10 * time.Second
	endWithin = 5 * time.Second
)

func (a *app) signCommand() *cobra.Command {
	var key, memory, listen string
	cmd := &cobra.Command{
		Use: "sign", Short: "Sign checkpoints for a ledger, as a process or a person of its own", Args: arguments(0, 0),
		Long: "Hold the log's key away from the log: whoever has the log can then not sign another one. The ledger asks\n" +
			"with --signer. The signer remembers what it has signed, and signs nothing that does not go on from it; its\n" +
			"memory belongs into no backup that the log is restored from. Key and memory are made at the first start,\n" +
			"for the ledger of --data, unless they are there.",
		Example: "  rollbook sign --key /etc/rollbook/log.key --memory /var/lib/rollbook-sign/memory.json --listen unix:///run/rollbook/sign.sock",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if key == "" || memory == "" || !strings.HasPrefix(listen, "unix://") {
				return usage("sign needs --key FILE, --memory FILE and --listen unix:///PATH", "cần --key TỆP, --memory TỆP và --listen unix:///ĐƯỜNG-DẪN")
			}
			k, err := audit.ReadKey(key)
			if err != nil {
				return err
			}
			signer, err := audit.OpenSigner(k, memory)
			if err != nil {
				return err
			}
			a.servesAs(k)
			return errors.Join(a.serveCosigner(cmd.Context(), listen, signer), signer.Close())
		},
	}
	cmd.Flags().StringVar(&key, "key", "", "file with the log's key, such as log.key of the data directory, moved here")
	cmd.Flags().StringVar(&memory, "memory", "", "file with what was signed, such as signer.json of the data directory, moved here")
	cmd.Flags().StringVar(&listen, "listen", "", "socket to listen at, as unix:///PATH; only its owner can ask")
	return cmd
}

func (a *app) witnessCommand() *cobra.Command {
	return a.group("witness", "Cosign the checkpoints of somebody else's ledger", a.witnessInitCommand(), a.witnessServeCommand())
}

const (
	witnessKeyFile = "witness.key"
)

func (a *app) witnessInitCommand() *cobra.Command {
	dir, name := "", ""
	cmd := &cobra.Command{
		Use: "init", Short: "Make a witness: its key and its memory", Args: arguments(0, 0),
		Example: "  rollbook witness init --dir /var/lib/rollbook-witness --name auditor.example/w1",
		RunE: func(*cobra.Command, []string) error {
			if dir == "" || name == "" {
				return usage("witness init needs --dir DIR and --name NAME", "cần --dir THƯ-MỤC và --name TÊN")
			}
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return err
			}
			k, err := audit.NewKey(filepath.Join(dir, witnessKeyFile), name, audit.WitnessKey)
			if errors.Is(err, fs.ErrExist) {
				return usage("%s has a witness already", "%s đã có bên làm chứng", show(dir))
			}
			if err != nil {
				return err
			}
			if err := audit.StartWitness(dir); err != nil {
				return err
			}
			a.servesAs(k)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "directory of the witness")
	cmd.Flags().StringVar(&name, "name", "", "name of the witness, such as auditor.example/w1")
	return cmd
}

// servesAs says which public key others have to know.
func (a *app) servesAs(k *audit.Key) {
	if a.json {
		a.out.document(map[string]any{"key": k.Public().String()})
		return
	}
	a.out.line(a.say("Public key: ", "Khoá công khai: ") + k.Public().String())
}

func (a *app) witnessServeCommand() *cobra.Command {
	dir, listen := "", "127.0.0.1:7451"
	cmd := &cobra.Command{
		Use: "serve", Short: "Cosign what only grows, and nothing else", Args: arguments(0, 0),
		Long: "Answer POST /add-checkpoint (C2SP tlog-witness) for the logs that the policy file of --policy names. The\n" +
			"witness demands a proof that the log only grew since it cosigned last, and keeps what it refused. Behind a\n" +
			"reverse proxy it can be asked over the network.",
		Example: "  rollbook witness serve --dir /var/lib/rollbook-witness --policy logs.txt --listen 127.0.0.1:7451",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir == "" || a.signing.Policy == "" {
				return usage("witness serve needs --dir DIR and --policy FILE, which names the logs", "cần --dir THƯ-MỤC và --policy TỆP nêu tên các sổ")
			}
			text, err := os.ReadFile(a.signing.Policy)
			if err != nil {
				return err
			}
			policy, err := audit.ParsePolicy(text)
			if err != nil {
				return err
			}
			k, err := audit.ReadKey(filepath.Join(dir, witnessKeyFile))
			if err != nil {
				return err
			}
			w, err := audit.OpenWitness(dir, k, policy, time.Now)
			if err != nil {
				return err
			}
			a.servesAs(k)
			return errors.Join(a.serveCosigner(cmd.Context(), listen, w), w.Close())
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "directory of the witness")
	cmd.Flags().StringVar(&listen, "listen", listen, "address to listen at, as HOST:PORT or unix:///PATH")
	return cmd
}

// serveCosigner answers until the command is interrupted.
func (a *app) serveCosigner(ctx context.Context, address string, c audit.Cosigner) error {
	network, path := "tcp", address
	if p, ok := strings.CutPrefix(address, "unix://"); ok {
		network, path = "unix", p
		// A socket that a killed process has left: the memory's lock says that none is alive.
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, network, path)
	if err != nil {
		return usage("cannot listen at %s: %s", "không mở được địa chỉ %s: %s", address, err)
	}
	if network == "unix" {
		if err := os.Chmod(path, 0o600); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	server := &http.Server{
		Handler: audit.Handler(c, a.logger), ReadTimeout: askedFor, WriteTimeout: askedFor, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(a.logger.Handler(), slog.LevelWarn),
	}
	stop := context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
		defer cancel()
		_ = server.Shutdown(ending) // what it cannot end ends with the process
	})
	defer stop()
	a.logger.InfoContext(ctx, "listening", slog.String("address", fmt.Sprint(listener.Addr())))
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
