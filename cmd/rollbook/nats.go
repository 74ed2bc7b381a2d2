package main

import (
	"github.com/spf13/cobra"

	"rollbook/ledger"
)

func (a *app) natsCommand() *cobra.Command {
	return a.group("nats", "Set up NATS servers for the log", a.natsInitCommand(), a.natsKeysCommand())
}

func (a *app) natsInitCommand() *cobra.Command {
	feed := false
	cmd := &cobra.Command{
		Use: "init", Short: "Make the log, or the feed, on NATS servers", Args: arguments(0, 0),
		Long: "Make the log on the servers that --nats names, with a login that may create streams; or the feed,\n" +
			"with --feed and --feed-nkey. The ledger itself never needs these logins. What is there is checked and\nleft as it is.",
		Example: "  rollbook nats init --nats tls://n1:4222,tls://n2:4222,tls://n3:4222 --nkey deploy.nk --nats-ca ca.pem\n" +
			"  rollbook nats init --feed --nats tls://n1:4222,tls://n2:4222,tls://n3:4222 --feed-nkey deploy_feed.nk --nats-ca ca.pem",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.servers.URL == "" {
				return usage("nats init needs --nats with the servers' addresses; an embedded log is made by the first import", "nats init cần --nats với địa chỉ máy chủ; nhật ký nhúng được tạo khi nhập lần đầu")
			}
			o := ledger.Options{Servers: a.servers, Feed: a.feed, UnsafeSync: a.unsafe, Logger: a.logger}
			if feed {
				if err := ledger.CreateFeed(cmd.Context(), o); err != nil {
					return err
				}
				if a.json {
					a.out.document(map[string]bool{"feed": true})
				} else {
					a.out.line(a.say("The feed is there, set up as it must be.", "Luồng sự kiện đã có và được thiết lập đúng."))
				}
				return nil
			}
			made, err := ledger.CreateLog(cmd.Context(), o)
			if err != nil {
				return err
			}
			switch {
			case a.json:
				a.out.document(map[string]bool{"created": made})
			case made:
				a.out.line(a.say("The log was made.", "Đã tạo nhật ký."))
			default:
				a.out.line(a.say("The log is there already, set up as it must be.", "Nhật ký đã có sẵn và được thiết lập đúng."))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&feed, "feed", false, "make the feed, not the log")
	return cmd
}

func (a *app) natsKeysCommand() *cobra.Command {
	return &cobra.Command{
		Use: "keys DIR", Short: "Make the logins for NATS servers", Args: arguments(1, 1),
		Long: "Make an nkey for each login that the configuration in deploy/nats knows, a file each, and users.conf\n" +
			"with the public keys, which the servers include. Keys that are there are kept.",
		Example: "  rollbook nats keys ./nats-keys",
		RunE: func(_ *cobra.Command, args []string) error {
			made, err := ledger.MakeUsers(args[0])
			if err != nil {
				return err
			}
			if a.json {
				a.out.document(map[string][]string{"files": made})
				return nil
			}
			for _, path := range made {
				a.out.line(show(path))
			}
			a.out.line(a.say("Give users.conf to the servers, and each of the other files to the one program that it is for.",
				"Đưa users.conf cho các máy chủ; mỗi tệp còn lại chỉ giao cho đúng chương trình dùng nó."))
			return nil
		},
	}
}
