package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/internal/postgres"
	"rollbook/ledger"
	"rollbook/web/access"
)

const doctorLong = `Look at the ledger and at what it stands on, change nothing, and say of each thing
whether it is well (PASS), to be looked into (WARN) or broken (FAIL), with the
cure. The log is examined in a copy, so that evidence stays as it is. It also
works beside a process that has the ledger, as far as that allows.

Exit code 7 if something is broken; warnings do not fail.`

// examined is a finding in JSON.
type examined struct {
	Check  string        `json:"check"`
	Status ledger.Status `json:"status"`
	Detail string        `json:"detail"`
	Cure   string        `json:"cure,omitempty"`
}

func (a *app) doctorCommand() *cobra.Command {
	backup := ""
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look for what is broken, and say its cure", Long: doctorLong, Args: arguments(0, 0),
		Example: "  rollbook doctor\n  rollbook doctor --backup /mnt/backup/rollbook --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			roles, err := ledger.ParseRoles(a.env("ROLLBOOK_ROLE"))
			if err != nil {
				return badRoles(a.env("ROLLBOOK_ROLE"))
			}
			if a.service != nil {
				roles = a.service.roles
			}
			found := ledger.Examine(cmd.Context(), a.dir, ledger.Examining{
				Options: ledger.Options{
					MasterKey: a.master, Tree: a.tree, Database: a.database,
					Servers: a.servers, Feed: a.feed, UnsafeSync: a.unsafe, Signing: a.signing, Roles: roles,
				},
				Backup: backup, Now: a.now(),
			})
			found = append(found, a.examineAccounts(cmd.Context())...)
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			return a.showFindings(found)
		},
	}
	cmd.Flags().StringVar(&backup, "backup", "", "directory of a backup to look at too")
	return cmd
}

// examineAccounts looks at the accounts of the service, which the ledger does not know.
func (a *app) examineAccounts(ctx context.Context) (found []ledger.Finding) {
	if _, err := os.Stat(filepath.Join(a.dir, "ledger.json")); err != nil {
		return nil // there is no ledger that they could be of
	}
	say := func(status ledger.Status, detail, cure domain.Text) {
		found = append(found, ledger.Finding{Check: "accounts", Status: status, Detail: detail, Cure: cure})
	}
	restore := domain.Text{EN: "restore the latest backup into an empty directory, and take access.db from there", VI: "khôi phục bản sao lưu mới nhất vào một thư mục trống rồi lấy access.db ở đó"}
	c, err := access.Look(ctx, access.Config{Dir: a.dir, Database: a.database, Clock: a.now})
	switch {
	case errors.Is(err, access.ErrNone):
		say(ledger.Pass, domain.Text{EN: "there are none; the service has not run yet", VI: "chưa có; dịch vụ chưa chạy lần nào"}, domain.Text{})
		return found
	case errors.Is(err, postgres.ErrUnreachable), errors.Is(err, postgres.ErrURL):
		say(ledger.Fail, textf("the accounts cannot be read: %v", "không đọc được tài khoản: %v", err), domain.Text{EN: "see the finding database", VI: "xem mục database"})
		return found
	case err != nil:
		say(ledger.Fail, textf("the accounts cannot be read: %v", "không đọc được tài khoản: %v", err), restore)
		return found
	case c.Damage != "":
		say(ledger.Fail, textf("access.db is damaged: %s", "access.db bị hỏng: %s", c.Damage), restore)
		return found
	case c.Format > c.Newest:
		say(ledger.Fail, textf("a newer program has made them: format %d, and this one knows %d", "do chương trình mới hơn tạo ra: định dạng %d, chương trình này biết %d", c.Format, c.Newest),
			domain.Text{EN: "use the newer program", VI: "dùng chương trình mới hơn"})
		return found
	}
	if c.Operators == 0 {
		say(ledger.Warn, domain.Text{EN: "no operator can sign in, so nobody can administer", VI: "không người vận hành nào đăng nhập được nên không ai quản trị được"}, domain.Text{
			EN: "start the service, which shows a link for one; or rollbook access grant and rollbook access invite", VI: "khởi động dịch vụ để có liên kết; hoặc dùng rollbook access grant và rollbook access invite",
		})
	}
	if c.Expired > 0 {
		say(ledger.Warn, textf("%d tokens are over, and what used them may have stopped", "%d mã truy cập đã hết hạn, chương trình dùng chúng có thể đã ngừng", c.Expired), domain.Text{
			EN: "rollbook access tokens; make new ones, and rollbook access end-token for the old", VI: "rollbook access tokens; tạo mã mới, và rollbook access end-token cho mã cũ",
		})
	}
	if len(found) == 0 {
		say(ledger.Pass, textf("%d accounts, %d of operators who can sign in; format %d", "%d tài khoản, %d của người vận hành đăng nhập được; định dạng %d", c.Accounts, c.Operators, c.Format), domain.Text{})
	}
	return found
}

func (a *app) showFindings(found []ledger.Finding) error {
	list := make([]examined, len(found))
	failures := 0
	for i, f := range found {
		list[i] = examined{f.Check, f.Status, f.Detail.In(a.lang), f.Cure.In(a.lang)}
		if f.Status == ledger.Fail {
			failures++
		}
		if a.json {
			continue
		}
		a.out.line(fmt.Sprintf("%s  %-12s %s", f.Status, f.Check, show(list[i].Detail)))
		if list[i].Cure != "" {
			a.out.line("      → " + show(list[i].Cure))
		}
	}
	if a.json {
		a.out.document(map[string]any{"healthy": failures == 0, "findings": list})
	}
	if failures == 0 {
		return nil
	}
	return &problem{
		name: "unhealthy", exit: exitUnhealthy, told: a.json,
		text: textf("%d things are broken", "có %d chỗ hỏng", failures),
	}
}
