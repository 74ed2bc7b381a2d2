package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"rollbook/ledger"
)

func (a *app) publishCommand() *cobra.Command {
	untilEnd := false
	cmd := &cobra.Command{
		Use: "publish", Short: "Keep the feed for other programs up with the log", Args: arguments(0, 0),
		Long: "Publish each record of the log as a CloudEvents message in the stream FEED, once, under the record's\n" +
			"own number; go on with new ones until interrupted. What is personal stays sealed. docs/feed.md says how\nother programs read it.",
		Example: "  rollbook events publish --until-end\n" +
			"  rollbook events publish --nats tls://n1:4222,tls://n2:4222,tls://n3:4222 --nkey reader.nk --feed-nkey publisher.nk --nats-ca ca.pem",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return a.withLedger(ctx, func(l *ledger.Ledger) error {
				last, err := l.Last(ctx)
				if err != nil {
					return err
				}
				var bar *progress
				at, err := l.Publish(ctx, !untilEnd, func(done, of int64) {
					if bar == nil && of-done < progressFrom {
						return
					}
					if bar == nil {
						bar = a.progress(a.say("publishing", "đang phát"), int64(last), false)
					}
					bar.set(ctx, done, of, done)
				})
				if bar != nil {
					bar.end()
				}
				if err != nil {
					return err
				}
				if a.json {
					a.out.document(map[string]any{"position": at})
					return nil
				}
				a.out.line(fmt.Sprintf(a.say("The feed is up to sequence %d.", "Luồng sự kiện đã tới số thứ tự %d."), at))
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&untilEnd, "until-end", false, "stop at the end of the log")
	return cmd
}
