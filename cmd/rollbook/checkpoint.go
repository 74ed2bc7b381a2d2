package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/audit"
	"rollbook/ledger"
)

func (a *app) checkpointCommand() *cobra.Command {
	return a.group("checkpoint", "What the log comes to, signed",
		a.checkpointShowCommand(), a.checkpointListCommand(), a.checkpointSignCommand(), a.checkpointNoticeCommand(), a.checkpointPolicyCommand(), a.checkpointRestartCommand())
}

// signedDocument is a signed checkpoint in JSON.
type signedDocument struct {
	Origin      string   `json:"origin"`
	Size        uint64   `json:"size"`
	Root        string   `json:"root"`
	Unwitnessed bool     `json:"unwitnessed"`
	Witnesses   []string `json:"witnesses"`
	Verdict     string   `json:"verdict"` // "good", or the code of what is wrong or missing
	Note        string   `json:"note"`
}

func documentOf(s ledger.Signed) signedDocument {
	d := signedDocument{Origin: s.Origin, Size: s.Size, Root: s.Root.String(), Unwitnessed: s.Unwitnessed, Witnesses: []string{}, Verdict: "good", Note: string(s.Note)}
	for _, c := range s.Cosigned {
		d.Witnesses = append(d.Witnesses, c.Key.Name)
	}
	if s.Verdict != nil {
		d.Verdict = codeOf(s.Verdict)
	}
	return d
}

func (a *app) showSigned(s ledger.Signed) {
	d := documentOf(s)
	if a.json {
		a.out.document(d)
		return
	}
	witnesses := strings.Join(d.Witnesses, ", ")
	if s.Unwitnessed {
		witnesses = a.say("unwitnessed: nobody but the owner of the log has signed", "chưa có bên làm chứng: mới chỉ chủ sổ ký")
	}
	a.out.line(a.say("Origin:    ", "Sổ:          ") + d.Origin)
	a.out.line(fmt.Sprintf(a.say("Size:      %d", "Số bản ghi:  %d"), d.Size))
	a.out.line(a.say("Root:      ", "Gốc:         ") + d.Root)
	a.out.line(a.say("Witnesses: ", "Làm chứng:   ") + witnesses)
	if s.Verdict != nil {
		a.out.line(a.say("Verdict:   ", "Kết luận:    ") + s.Verdict.Error())
	}
}

func noCheckpoint() error {
	return notFound("no checkpoint has been signed yet; `rollbook checkpoint sign` signs one", "chưa có điểm kiểm nào được ký; hãy chạy `rollbook checkpoint sign`")
}

// newestSigned opens the ledger and calls f with the newest checkpoint.
func (a *app) newestSigned(cmd *cobra.Command, f func(ledger.Signed) error) error {
	return a.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
		s, err := l.Signed(cmd.Context())
		if err != nil {
			return err
		}
		if s == nil {
			return noCheckpoint()
		}
		return f(*s)
	})
}

func (a *app) checkpointShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "The newest signed checkpoint", Args: arguments(0, 0), Example: "  rollbook checkpoint show",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.newestSigned(cmd, func(s ledger.Signed) error {
				a.showSigned(s)
				return s.Verdict
			})
		},
	}
}

func (a *app) checkpointListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Every signed checkpoint that is held, oldest first", Args: arguments(0, 0), Example: "  rollbook checkpoint list --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
				documents := []signedDocument{}
				if err := l.SignedNotes(func(s ledger.Signed) error {
					documents = append(documents, documentOf(s))
					return nil
				}); err != nil {
					return err
				}
				if a.json {
					a.out.document(map[string]any{"checkpoints": documents})
					return nil
				}
				var rows [][]string
				for _, d := range documents {
					rows = append(rows, []string{a.number(int(d.Size)), d.Root, strings.Join(d.Witnesses, ", "), d.Verdict})
				}
				a.table([]column{
					{head: a.say("Records", "Số bản ghi"), right: true},
					{head: a.say("Root", "Gốc")},
					{head: a.say("Witnesses", "Làm chứng")},
					{head: a.say("Verdict", "Kết luận")},
				}, rows, nil)
				return nil
			})
		},
	}
}

func (a *app) checkpointSignCommand() *cobra.Command {
	return &cobra.Command{
		Use: "sign", Short: "Sign what the log comes to now, and ask the witnesses", Args: arguments(0, 0),
		Long:    "A ledger that is open signs every ten seconds while it grows, when it is closed and at the end of each\nday. This signs at once, and asks witnesses again who did not cosign.",
		Example: "  rollbook checkpoint sign --policy policy.txt --anchor /mnt/share/checkpoints",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
				s, err := l.Attend(cmd.Context())
				if err != nil {
					return err
				}
				a.showSigned(s)
				return s.Verdict
			})
		},
	}
}

func (a *app) checkpointNoticeCommand() *cobra.Command {
	png := ""
	cmd := &cobra.Command{
		Use: "notice", Short: "The newest checkpoint for a notice board, with a QR code", Args: arguments(0, 0),
		Long:    "Whoever has seen the paper can hold it against the log at any later time. The code holds the whole\nsigned checkpoint.",
		Example: "  rollbook checkpoint notice --lang vi\n  rollbook checkpoint notice --png notice.png",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.newestSigned(cmd, func(s ledger.Signed) error {
				text := audit.Notice(s.SignedCheckpoint, a.now()).In(a.lang)
				code, err := audit.QR(s.SignedCheckpoint)
				if err != nil {
					return err
				}
				if png != "" {
					if err := os.WriteFile(a.path(png), code.PNG(), 0o644); err != nil { //nolint:gosec // it is for the notice board
						return err
					}
				}
				if a.json {
					a.out.document(map[string]any{"notice": text, "note": string(s.Note)})
					return nil
				}
				a.out.line(text)
				a.out.line(code.Text(a.out.terminal))
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&png, "png", "", "write the code as a picture to a file")
	return cmd
}

func (a *app) checkpointRestartCommand() *cobra.Command {
	return &cobra.Command{
		Use: "restart", Short: "Make the signer's memory anew from the newest checkpoint held", Args: arguments(0, 0),
		Long: "Only when the memory was lost, or after a restore of a log that nothing newer was ever signed of: a signer\n" +
			"that forgets can sign a second history, and only a witness or an old checkpoint would tell.",
		Example: "  rollbook checkpoint restart",
		RunE: func(*cobra.Command, []string) error {
			c, err := ledger.RestartSigner(a.dir, ledger.Options{Signing: a.signing})
			if err != nil {
				return err
			}
			if a.json {
				a.out.document(map[string]any{"origin": c.Origin, "size": c.Size, "root": c.Root.String()})
				return nil
			}
			a.out.line(fmt.Sprintf(a.say("The signer goes on from the checkpoint at %d.", "Bộ ký tiếp tục từ điểm kiểm có %d bản ghi."), c.Size))
			return nil
		},
	}
}
