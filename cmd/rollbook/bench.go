package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"rollbook/eventstore/jetstream"
)

func (a *app) benchCommand() *cobra.Command {
	return a.group("bench", "Measure this machine, as ratios to what JetStream alone does in the same run", a.benchAppendCommand(), a.benchProjectionsCommand(), a.benchAuditCommand(), a.benchServeCommand())
}

func (a *app) benchAppendCommand() *cobra.Command {
	each := 3 * time.Second
	size := 300
	tcp := false
	cmd := &cobra.Command{
		Use: "append", Short: "How fast facts are stored, beside bare JetStream", Args: arguments(0, 0),
		Long: "Store records in a log that is thrown away, in turns with the bare server: the same messages, guards\n" +
			"and durability. The disk is that of the directory for temporary files; TMPDIR names another one.",
		Example: "  rollbook bench append\n  TMPDIR=/var/lib rollbook bench append --for 10s --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if each < time.Millisecond || each > time.Hour {
				return usage("--for is a time from 1ms to 1h", "--for là thời gian từ 1ms đến 1h")
			}
			if size < 1 || size > 200_000 {
				return usage("--bytes is a number from 1 to 200000", "--bytes là số từ 1 đến 200000")
			}
			dir, err := os.MkdirTemp("", "rollbook-bench-")
			if err != nil {
				return err
			}
			var results []jetstream.Measured
			p := a.progress(a.say("measuring", "đang đo"), 5, false)
			done := func(m jetstream.Measured) {
				results = append(results, m)
				p.set(cmd.Context(), int64(len(results)), 5, int64(len(results)))
			}
			err = a.measureAppend(cmd.Context(), dir, tcp, size, each, done)
			p.end()
			if err = errors.Join(err, os.RemoveAll(dir)); err != nil {
				return err
			}
			if a.json {
				a.out.document(map[string]any{"bench": "append", "bytes": size, "tcp": tcp, "results": results})
				return nil
			}
			var rows [][]string
			for _, m := range results {
				rows = append(rows, []string{
					m.Name, a.number(int(m.PerSecond)), a.number(int(m.BarePerSecond)), m.Against,
					fmt.Sprintf("%.2f", m.Ratio), fmt.Sprintf("%.1f", m.P50), fmt.Sprintf("%.1f", m.P99),
				})
			}
			a.table([]column{
				{head: a.say("Appends", "Ghi")},
				{head: a.say("Records/s", "Bản ghi/s"), right: true},
				{head: a.say("Bare/s", "JetStream/s"), right: true},
				{head: a.say("Bare is", "JetStream ghi")},
				{head: a.say("Ratio", "Tỷ lệ"), right: true},
				{head: "p50 ms", right: true},
				{head: "p99 ms", right: true},
			}, rows, nil)
			return nil
		},
	}
	cmd.Flags().DurationVar(&each, "for", each, "how long each side of each measurement takes at least")
	cmd.Flags().BoolVar(&tcp, "tcp", false, "over TCP to a server of its own, not embedded")
	cmd.Flags().IntVar(&size, "bytes", size, "size of a record")
	return cmd
}

func (a *app) measureAppend(ctx context.Context, dir string, tcp bool, size int, each time.Duration, done func(jetstream.Measured)) (err error) {
	if !tcp {
		return jetstream.Measure(ctx, jetstream.Config{Dir: dir, Logger: a.logger}, size, each, done)
	}
	server, err := jetstream.Serve(ctx, dir, a.logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	return jetstream.Measure(ctx, jetstream.Config{URL: server.URL(), Logger: a.logger}, size, each, done)
}
