package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rollbook/audit"
	"rollbook/domain"
	"rollbook/ledger"
)

// mostBundleBytes bounds what is read of a file that somebody hands over.
const mostBundleBytes = 33 << 20

func (a *app) bundleCommand() *cobra.Command {
	out := ""
	cmd := &cobra.Command{
		Use: "bundle member/ID", Short: "The proof of one member's whole history, in one file", Args: arguments(1, 1),
		Long: "Write the member's records as they are stored, what is sealed stays sealed, with proofs that each is in the\n" +
			"log and that none was left out, under a signed checkpoint; or the proof that the log has no such member.\n" +
			"`rollbook check` verifies the file offline.",
		Example: "  rollbook bundle member/m-b9h86u --out m-b9h86u.bundle",
		RunE: func(cmd *cobra.Command, args []string) error {
			member, ok := domain.ParseSubject(args[0])
			if !ok || member.Kind() != domain.MemberKind {
				return usage("%q is not member/ID", "%q không có dạng member/ID", args[0])
			}
			if out == "" {
				out = bundleName(member)
			}
			return a.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
				b, err := a.bundle(cmd.Context(), l, member)
				if err != nil {
					return err
				}
				if err := a.save(out, func(w io.Writer) error { _, err := w.Write(b); return err }); err != nil {
					return err
				}
				policy, err := l.Policy()
				if err != nil {
					return err
				}
				v, err := audit.CheckBundle(b, policy, a.now(), 0)
				if err != nil && v.Checkpoint.Size == 0 {
					return err
				}
				if a.json {
					a.out.document(map[string]any{"file": out, "bytes": len(b), "events": len(v.Events), "complete_to": v.CompleteTo, "absent": v.Absent, "unwitnessed": policy.Unwitnessed()})
					return nil
				}
				a.out.line(fmt.Sprintf(a.say("%s: %d records, complete to sequence %d", "%s: %d bản ghi, đủ đến số thứ tự %d"), out, len(v.Events), v.CompleteTo))
				if policy.Unwitnessed() {
					a.out.line(a.say("Unwitnessed: nobody but the owner of the log has signed.", "Chưa có bên làm chứng: mới chỉ chủ sổ ký."))
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write; ID.bundle in the current directory if not given")
	return cmd
}

// bundleName is what a bundle is called unless told otherwise.
func bundleName(member domain.Subject) string { return member.ID() + ".bundle" }

// bundleEvent is a record that a bundle proves, in JSON.
type bundleEvent struct {
	Sequence uint64 `json:"sequence"`
	Time     string `json:"time"`
	Type     string `json:"type"`
}

func eventsOf(events []audit.BundleEvent) []bundleEvent {
	out := []bundleEvent{}
	for _, e := range events {
		out = append(out, bundleEvent{uint64(e.Position), e.Time.UTC().Format(time.RFC3339Nano), e.Type})
	}
	return out
}

func (a *app) checkCommand() *cobra.Command {
	age := time.Duration(0)
	cmd := &cobra.Command{
		Use: "check BUNDLE [member/ID]", Short: "Verify a bundle offline, with the policy file alone", Args: arguments(1, 2),
		Long: "Verify the checkpoint by the keys of the policy (--policy), that each record is in its log, and that none\n" +
			"of the member's was left out. Nothing of the ledger is needed. Name the member to be sure that the bundle\n" +
			"is about them.",
		Example: "  rollbook check m-b9h86u.bundle --policy policy.txt\n  rollbook check m-b9h86u.bundle member/m-b9h86u --policy policy.txt --max-age 48h",
		RunE: func(_ *cobra.Command, args []string) error {
			if a.signing.Policy == "" {
				return usage("check needs --policy FILE; `rollbook checkpoint policy` writes that of a ledger", "cần --policy TỆP; `rollbook checkpoint policy` ghi ra chính sách của sổ")
			}
			text, err := os.ReadFile(a.path(a.signing.Policy))
			if err != nil {
				return err
			}
			policy, err := audit.ParsePolicy(text)
			if err != nil {
				return err
			}
			b, err := readBounded(args[0], mostBundleBytes)
			if err != nil {
				return err
			}
			v, err := audit.CheckBundle(b, policy, a.now(), age)
			if err != nil {
				return err
			}
			if len(args) > 1 && args[1] != "member/"+v.Member {
				return &problem{name: "verification_failed", exit: exitEvidence, text: textf("the bundle is about member/%s, and not about %s", "tệp này là của member/%s, không phải của %s", v.Member, args[1])}
			}
			a.showVerdict(v)
			return nil
		},
	}
	cmd.AddCommand(a.checkReportCommand())
	cmd.Flags().DurationVar(&age, "max-age", 0, "refuse a checkpoint that no quorum has cosigned for so long; 0 does not ask")
	return cmd
}

func readBounded(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, usage("%s", "%s", err)
	}
	if info.Size() > most {
		return nil, usage("%s is larger than any file of its kind", "%s lớn hơn mọi tệp cùng loại", show(path))
	}
	return os.ReadFile(path)
}

func (a *app) showVerdict(v audit.Verdict) {
	if a.json {
		a.out.document(map[string]any{
			"verified": true, "member": "member/" + v.Member, "absent": v.Absent, "complete_to": v.CompleteTo,
			"events": eventsOf(v.Events), "later": eventsOf(v.Later), "unwitnessed": !v.Witnessed,
			"checkpoint": map[string]any{"origin": v.Checkpoint.Origin, "size": v.Checkpoint.Size, "root": v.Checkpoint.Root.String()},
		})
		return
	}
	if v.Absent {
		a.out.line(fmt.Sprintf(a.say("member/%s: no such member, up to sequence %d", "member/%s: không có đảng viên này, tính đến số thứ tự %d"), v.Member, v.CompleteTo))
	} else {
		a.out.line(fmt.Sprintf(a.say("member/%s: the whole history up to sequence %d, %d records", "member/%s: toàn bộ quá trình đến số thứ tự %d, %d bản ghi"), v.Member, v.CompleteTo, len(v.Events)))
	}
	var rows [][]string
	for _, e := range append(eventsOf(v.Events), eventsOf(v.Later)...) {
		rows = append(rows, []string{a.number(int(e.Sequence)), e.Time, e.Type})
	}
	if len(rows) > 0 {
		a.table([]column{{head: a.say("Sequence", "Số thứ tự"), right: true}, {head: a.say("Stored", "Ghi lúc")}, {head: a.say("Type", "Loại")}}, rows, nil)
	}
	var names []string
	for _, c := range v.Checkpoint.Cosigned {
		names = append(names, c.Key.Name)
	}
	a.out.line(fmt.Sprintf(a.say("Checkpoint: %s, %d records, root %s", "Điểm kiểm: %s, %d bản ghi, gốc %s"), v.Checkpoint.Origin, v.Checkpoint.Size, v.Checkpoint.Root))
	if v.Witnessed {
		a.out.line(a.say("Witnesses: ", "Làm chứng: ") + strings.Join(names, ", "))
	} else {
		a.out.line(a.say("Unwitnessed: nobody but the owner of the log has signed.", "Chưa có bên làm chứng: mới chỉ chủ sổ ký."))
	}
	a.out.line(a.say("VERIFIED", "ĐÃ XÁC MINH"))
}

func (a *app) checkpointPolicyCommand() *cobra.Command {
	return &cobra.Command{
		Use: "policy", Short: "The policy file that others need to verify this ledger", Args: arguments(0, 0),
		Long:    "Write the policy of a ledger without witnesses: its own public key. Witnesses and a quorum are added to it\nas lines (C2SP tlog-policy).",
		Example: "  rollbook checkpoint policy > policy.txt",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
				policy, err := l.Policy()
				if err != nil {
					return err
				}
				var text strings.Builder
				for _, log := range policy.Logs {
					fmt.Fprintf(&text, "log %s\n", log.Key)
				}
				text.WriteString("quorum none")
				if a.json {
					a.out.document(map[string]any{"policy": text.String() + "\n"})
					return nil
				}
				a.out.line(text.String())
				return nil
			})
		},
	}
}
