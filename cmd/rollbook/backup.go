package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"rollbook/ledger"
	"rollbook/web/access"
)

const backupLong = `Copy the ledger into a directory, best on another disk, while others go on
recording: every record as it is stored, compared with the tree; the signed
checkpoints; the wrapped keys; and the accounts of the service with the log of
readings, but no session. A backup into the same directory adds what is
new. One that breaks off leaves the one before as it was.

The master key opens every name in the backup, and the log's key signs in the
ledger's name. Neither is in it unless asked for: keep copies of both apart from
the backup. Without the master key, what is personal in a backup is lost.`

func (a *app) backupCommand() *cobra.Command {
	o := ledger.Backing{}
	cmd := &cobra.Command{
		Use: "backup DIR", Short: "Copy the ledger, while it is in use", Long: backupLong, Args: arguments(1, 1),
		Example: "  rollbook backup /mnt/backup/rollbook\n  rollbook restore /mnt/backup/rollbook --data ./restored",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withLedger(cmd.Context(), func(l *ledger.Ledger) error {
				p := a.progress(a.say("backing up", "đang sao lưu"), 0, false)
				accounts, err := a.exportAccounts(cmd.Context())
				if err != nil {
					return err
				}
				o.Accounts = accounts
				r, err := l.Backup(cmd.Context(), args[0], o, func(done, of int64) { p.set(cmd.Context(), done, of, done) })
				p.end()
				if err != nil {
					return err
				}
				a.showBackup(r)
				return nil
			})
		},
	}
	cmd.Flags().BoolVar(&o.MasterKey, "with-master-key", false, "take the master key along: whoever gets the backup reads everything in it")
	cmd.Flags().BoolVar(&o.SigningKeys, "with-signing-keys", false, "take along the keys that checkpoints and reports are signed with: whoever gets the backup can sign in the ledger's name")
	return cmd
}

// exportAccounts returns what writes the accounts of the service; nil if there are none.
func (a *app) exportAccounts(ctx context.Context) (func(context.Context, io.Writer) (int, error), error) {
	c := access.Config{Dir: a.dir, Database: a.database, Clock: a.now}
	if err := access.Exists(ctx, c); errors.Is(err, access.ErrNone) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return func(ctx context.Context, to io.Writer) (n int, err error) {
		rights, err := access.Open(ctx, c)
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, rights.Close()) }()
		return rights.Export(ctx, to)
	}, nil
}

// restoreAccounts takes in the accounts of a backup: into the data directory that is
// being made, or with --database into PostgreSQL.
func (a *app) restoreAccounts(ctx context.Context, dir string, from io.Reader) (n int, err error) {
	rights, err := access.Open(ctx, access.Config{Dir: dir, Database: a.database, Clock: a.now})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rights.Close()) }()
	return rights.Restore(ctx, from)
}

func (a *app) showBackup(r ledger.BackedUp) {
	if a.json {
		r.Repaired, r.Apart = listOf(r.Repaired), listOf(r.Apart)
		a.out.document(r)
		return
	}
	for _, path := range r.Repaired {
		a.out.line(a.say("Written again: ", "Đã ghi lại: ") + path)
	}
	a.out.line(fmt.Sprintf(a.say("Backed up to sequence %s, %s new; %s keys; %s accounts; root %s.", "Đã sao lưu đến số thứ tự %s, thêm mới %s; %s khoá; %s tài khoản; gốc %s."),
		a.number(int(r.Position)), a.number(int(r.Added)), a.number(r.Keys), a.number(r.Accounts), r.Root))
	if r.Signed < uint64(r.Position) {
		a.out.line(a.say("NOT SIGNED up to there: nobody but this machine vouches for the newest records.", "CHƯA KÝ đến đó: các bản ghi mới nhất chưa có ai ngoài máy này bảo đảm."))
	}
	if len(r.Apart) > 0 {
		a.out.line(a.say("Not in it, keep copies of these apart: ", "Không có trong bản sao, hãy giữ riêng bản sao của: ") + strings.Join(r.Apart, ", "))
	}
}

func listOf[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

const restoreLong = `Make a ledger anew from a backup, in a data directory that is empty. It is
accepted only if every file of the backup is what was written, if its records
come to every signed checkpoint in it, and if the log that is made of them comes
to the same root again. Otherwise nothing is left behind, the first bad sequence
is named, and the exit code is 3.

Name the master key with --master-key, if it is not in the backup. With --anchor
FILE the backup is compared with what was signed: one that is older is refused,
because the records after it are lost and whoever holds the later checkpoint can
prove that they were there; --accept-rollback restores it all the same.

Nothing is signed after a restore until somebody vouches for it that no later
checkpoint counts: see rollbook help checkpoint restart.`

func (a *app) restoreCommand() *cobra.Command {
	o := ledger.Restoring{}
	cmd := &cobra.Command{
		Use: "restore DIR", Short: "Make the ledger anew from a backup, if its root agrees", Long: restoreLong, Args: arguments(1, 1),
		Example: "  rollbook restore /mnt/backup/rollbook --data ./restored --master-key /etc/rollbook/master.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Options = ledger.Options{
				Logger: a.logger, MasterKey: a.master, Tree: a.tree, Database: a.database,
				Servers: a.servers, Feed: a.feed, UnsafeSync: a.unsafe, Signing: a.signing,
			}
			o.Accounts = a.restoreAccounts
			p := a.progress(a.say("restoring", "đang khôi phục"), 0, false)
			r, err := ledger.Restore(cmd.Context(), args[0], a.dir, o, func(done, of int64) { p.set(cmd.Context(), done, of, done) })
			p.end()
			if err != nil {
				return err
			}
			if err := a.fillModels(cmd.Context()); err != nil {
				return err
			}
			a.showRestored(r)
			return nil
		},
	}
	cmd.Flags().BoolVar(&o.AcceptRollback, "accept-rollback", false, "restore a backup that is older than what --anchor shows was signed; the records after it are lost")
	return cmd
}

// fillModels makes the read models of a ledger that was restored.
func (a *app) fillModels(ctx context.Context) error {
	return a.withLedger(ctx, func(l *ledger.Ledger) error {
		p := a.progress(a.say("read models", "các bảng số liệu"), 0, false)
		defer p.end()
		return l.CatchUp(ctx, func(done, of int64) { p.set(ctx, done, of, done) })
	})
}

func (a *app) showRestored(r ledger.Restored) {
	if a.json {
		r.Missing = listOf(r.Missing)
		a.out.document(r)
		return
	}
	a.out.line(fmt.Sprintf(a.say("Restored %q as of %s: %s records, %s keys; root %s.", "Đã khôi phục %q tại %s: %s bản ghi, %s khoá; gốc %s."),
		r.Ledger, r.Taken.Format("2006-01-02 15:04:05Z"), a.number(int(r.Position)), a.number(r.Keys), r.Root))
	a.out.line(fmt.Sprintf(a.say("Signed checkpoints compared: %d", "Số điểm kiểm đã đối chiếu: %d"), r.Checkpoints))
	if r.Accounts != nil {
		a.out.line(fmt.Sprintf(a.say("Accounts restored: %s. Everybody signs in again.", "Số tài khoản đã khôi phục: %s. Mọi người phải đăng nhập lại."), a.number(*r.Accounts)))
	} else {
		a.out.line(a.say("No accounts in the backup: the service shows a link for a first operator when it starts.", "Bản sao không có tài khoản: dịch vụ sẽ hiện liên kết cho người vận hành đầu tiên khi khởi động."))
	}
	if r.Lost > 0 {
		a.out.line(fmt.Sprintf(a.say("LOST: %s records that were signed after the backup.", "MẤT: %s bản ghi đã được ký sau bản sao lưu."), a.number(int(r.Lost))))
	}
	if slices.Contains(r.Missing, "master.key") {
		a.out.line(fmt.Sprintf(a.say("The master key is not here: put it into %s or name it with --master-key; until then names stay closed and nothing can be recorded.",
			"Thiếu khoá chính: hãy đặt vào %s hoặc chỉ bằng --master-key; chưa có thì không mở được tên và không ghi được gì."), filepath.Join(a.dir, "master.key")))
	}
	if slices.Contains(r.Missing, "log.key") {
		a.out.line(fmt.Sprintf(a.say("The log's key is not here: put it into %s; until then nothing is signed.", "Thiếu khoá của nhật ký: hãy đặt vào %s; chưa có thì không ký được gì."), filepath.Join(a.dir, "log.key")))
	}
	a.out.line(a.say("Next: rollbook verify; then rollbook checkpoint restart, if nothing later was signed.", "Tiếp theo: rollbook verify; rồi rollbook checkpoint restart, nếu sau đó chưa ký gì."))
}
