package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"rollbook/audit"
	"rollbook/domain"
	"rollbook/ledger"
)

const verifyLong = `Recompute everything from the stored bytes: every record against its leaf in the
tree, the records against every checkpoint that is held, each history against
itself, and the read models against a replay. No key for personal data is
needed. A mirror of the log, on the NATS servers of --nats, is verified by what the
ledger holds beside its log, or by the checkpoints that an auditor has kept.

The first thing that is wrong is named with its code, its nature (damaged,
altered, cut, not yet readable) and the first bad sequence. Exit codes: 0
verified, 3 not verified or evidence missing, 1 could not be done.`

func (a *app) verifyCommand() *cobra.Command {
	what := ledger.Verifying{}
	from, folder := "", ""
	mirror := ledger.Mirrored{}
	cmd := &cobra.Command{
		Use: "verify", Short: "Recompute everything and compare", Long: verifyLong, Args: arguments(0, 0),
		Example: "  rollbook verify\n  rollbook verify --archive /mnt/usb/rollbook --policy policy.txt\n  rollbook verify --mirror COPY --nats tls://copy:4222 --checkpoints kept.txt --policy policy.txt\n  rollbook verify --from trusted-checkpoint.txt --log-only",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkVerify(folder, mirror); err != nil {
				return err
			}
			if from != "" {
				var err error
				if what.From, err = os.ReadFile(a.path(from)); err != nil {
					return usage("--from: %s", "--from: %s", err)
				}
			}
			o := ledger.Options{
				Logger: a.logger, MasterKey: a.master, Tree: a.tree, Database: a.database,
				Servers: a.servers, Feed: a.feed, UnsafeSync: a.unsafe, Signing: a.signing,
			}
			p := a.progress(a.say("verifying", "đang kiểm tra"), 0, false)
			progress := func(done, of int64) { p.set(cmd.Context(), done, of, done) }
			var v ledger.Verification
			var err error
			switch {
			case mirror.Stream != "":
				v, err = ledger.VerifyMirror(cmd.Context(), a.dir, o, mirror, what, progress)
			case folder == "" && a.shared != nil:
				v, err = a.verifyShared(cmd.Context(), what, progress)
			case folder == "":
				v, err = ledger.Verify(cmd.Context(), a.dir, o, what, progress)
			default:
				v, err = a.verifyArchive(cmd.Context(), a.path(folder), what, progress)
			}
			p.end()
			if err != nil {
				return err
			}
			return a.showVerified(v)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "file with a signed checkpoint that is trusted: what it covers is not read again")
	cmd.Flags().StringVar(&folder, "archive", "", "verify this archive alone, by the policy of --policy or else the one that lies in it; no ledger is needed")
	cmd.Flags().StringVar(&mirror.Stream, mirrorFlag, "", "verify this mirror of the log, a stream on the servers of --nats")
	cmd.Flags().StringVar(&mirror.Checkpoints, "checkpoints", "", "with --mirror: file with signed checkpoints, such as one of --anchor, which --policy verifies; no ledger is needed then, and --tree tells the first record that differs")
	cmd.Flags().BoolVar(&what.LogOnly, "log-only", false, "leave out the read models")
	return cmd
}

// mirrorFlag is the flag that makes verify look at another place than the ledger.
const mirrorFlag = "mirror"

func (a *app) checkVerify(folder string, m ledger.Mirrored) error {
	switch {
	case m.Stream == "" && m.Checkpoints != "":
		return usage("--checkpoints goes with --mirror", "--checkpoints đi cùng --mirror")
	case m.Stream == "":
		return nil
	case folder != "":
		return usage("--archive and --mirror are two copies; verify one after the other", "--archive và --mirror là hai bản khác nhau; hãy kiểm tra từng bản")
	case a.servers.URL == "":
		return usage("--mirror needs --nats with the address of the servers that have it", "--mirror cần --nats với địa chỉ các máy chủ giữ bản đó")
	case m.Checkpoints != "" && a.signing.Policy == "":
		return usage("--checkpoints needs --policy with the keys to verify them by", "--checkpoints cần --policy với các khoá để xác minh")
	}
	if m.Checkpoints != "" {
		if _, err := os.Stat(m.Checkpoints); err != nil {
			return usage("--checkpoints: %s", "--checkpoints: %s", err)
		}
	}
	return nil
}

func (a *app) verifyArchive(ctx context.Context, folder string, what ledger.Verifying, p ledger.Progress) (ledger.Verification, error) {
	var policy []byte
	if a.signing.Policy != "" {
		var err error
		if policy, err = os.ReadFile(a.path(a.signing.Policy)); err != nil {
			return ledger.Verification{}, usage("--policy: %s", "--policy: %s", err)
		}
	}
	return ledger.VerifyArchive(ctx, folder, policy, what, p)
}

func (a *app) showVerified(v ledger.Verification) error {
	first := v.First()
	if a.json {
		a.out.document(map[string]any{"verified": first == nil, "log": v.Verified, "unwitnessed": v.Unwitnessed, "read_models": v.Models})
	} else {
		a.out.line(fmt.Sprintf(a.say("Records: %s read of %s; root %s", "Bản ghi: đã đọc %s trên %s; gốc %s"), a.number(int(v.Records)), a.number(int(v.Size)), v.Root))
		a.out.line(fmt.Sprintf(a.say("Signed checkpoints compared: %d", "Số điểm kiểm đã đối chiếu: %d"), v.Checkpoints))
		if v.Unwitnessed {
			a.out.line(a.say("Unwitnessed: nobody but the owner of the log has signed.", "Chưa có bên làm chứng: mới chỉ chủ sổ ký."))
		}
		for _, m := range v.Models {
			verdict := a.say("as the log makes it", "khớp với nhật ký")
			if !m.Same {
				verdict = a.say("NOT as the log makes it", "KHÔNG khớp với nhật ký")
			}
			a.out.line(m.Name + ": " + verdict)
		}
		for _, p := range v.Problems {
			a.out.line(a.problemLine(p))
		}
	}
	if first == nil {
		if !a.json {
			a.out.line(a.say("VERIFIED", "ĐÃ XÁC MINH"))
		}
		return nil
	}
	return &problem{
		name: "verification_failed", exit: exitEvidence, told: a.json,
		text: domain.Text{EN: "not verified: " + a.problemLine(*first), VI: "không xác minh được: " + a.problemLine(*first)},
	}
}

// natures are the natures of problems in Vietnamese.
var natures = map[audit.Nature]string{
	audit.Damaged: "bị hỏng", audit.Altered: "bị sửa", audit.Cut: "bị cắt", audit.NotYet: "chưa đọc được",
	audit.Lacking: "thiếu bằng chứng", audit.Remarking: "ghi chú",
}

func (a *app) problemLine(p audit.Problem) string {
	where := ""
	if p.Sequence > 0 {
		where = fmt.Sprintf(a.say(" at sequence %d", " tại số thứ tự %d"), p.Sequence)
	}
	if p.Path != "" {
		where += " (" + p.Path + ")"
	}
	return fmt.Sprintf("%s [%s]%s: %s", p.Code, a.say(string(p.Nature), natures[p.Nature]), where, p.Detail)
}
