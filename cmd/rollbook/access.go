package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rollbook/domain"
	"rollbook/ledger"
	"rollbook/web/access"
)

const accessLong = `Say who may do what in the service of this ledger. Accounts, grants and tokens are in access.db in the data
directory (with --database in PostgreSQL), so this works beside a running service, which sees a change at once.

A role is granted on an organisation and all below it, or on the whole ledger: clerk (keeps the roll), manager
(a clerk who also answers for exceptions), auditor (reads and verifies; personal fields only with a reason),
reporter (figures, no small ones), operator (runs the service; sees no member).`

func (a *app) accessCommand() *cobra.Command {
	g := a.group("access", "Say who may do what in the service: accounts, grants, tokens, the log of readings",
		a.accessListCommand(), a.accessAddCommand(), a.accessGrantCommand(), a.accessRevokeCommand(), a.accessInviteCommand(), a.accessDisableCommand(),
		a.accessBindCommand(), a.accessUnbindCommand(),
		a.accessTokenCommand(), a.accessTokensCommand(), a.accessEndTokenCommand(), a.accessReadingsCommand())
	g.Long = accessLong
	return g
}

// withAccess opens the accounts of the data directory and does something with
// them.
func (a *app) withAccess(ctx context.Context, do func(*access.Access) error) error {
	if _, err := os.Stat(filepath.Join(a.dir, "ledger.json")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s", ledger.ErrNoLedger, a.dir)
	}
	rights, err := access.Open(ctx, access.Config{Dir: a.dir, Database: a.database, Clock: a.now})
	if err != nil {
		return err
	}
	return errors.Join(do(rights), rights.Close())
}

// accessDo makes one command of the group.
func (a *app) accessDo(use, short, example string, args cobra.PositionalArgs, do func(context.Context, *access.Access, []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Example: "  rollbook access " + example, Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withAccess(cmd.Context(), func(rights *access.Access) error { return do(cmd.Context(), rights, args) })
		},
	}
}

func (a *app) accessListCommand() *cobra.Command {
	return a.accessDo("list", "The accounts, with their grants", "list", arguments(0, 0), func(ctx context.Context, rights *access.Access, _ []string) error {
		accounts, err := rights.Accounts(ctx)
		if err != nil {
			return err
		}
		if a.json {
			a.out.document(map[string]any{"accounts": accounts})
			return nil
		}
		var rows [][]string
		for _, u := range accounts {
			var grants []string
			for _, g := range u.Grants {
				grants = append(grants, grantText(g))
			}
			state := a.say("cannot sign in yet", "chưa đăng nhập được")
			switch {
			case u.Disabled:
				state = a.say("disabled", "đã khoá")
			case u.Login != "":
				state = u.Login
			case u.Identity != nil:
				state = show(u.Identity.Subject)
			}
			rows = append(rows, []string{u.ID, show(u.Name), state, strings.Join(grants, ", ")})
		}
		a.table([]column{{head: a.say("Id", "Mã")}, {head: a.say("Name", "Tên"), most: 40}, {head: a.say("Signs in as", "Đăng nhập")}, {head: a.say("Roles", "Vai trò"), most: 60}}, rows, nil)
		return nil
	})
}

func grantText(g access.Grant) string {
	if g.Organisation == "" {
		return string(g.Role)
	}
	return string(g.Role) + " @ " + g.Organisation
}

func (a *app) accessAddCommand() *cobra.Command {
	var language string
	who := access.Identity{}
	cmd := a.accessDo("add NAME", "Add an account, without any right", `add "Lò Thị Mẫu" --language vi`, arguments(1, 1), func(ctx context.Context, rights *access.Access, args []string) error {
		if who.Subject != "" {
			if err := a.checkIssuer(who.Issuer); err != nil {
				return err
			}
			u, err := rights.AddBound(ctx, args[0], language, who)
			if err != nil {
				return err
			}
			return a.tellAccess(u, a.say("Added: %s. Give it a role with `rollbook access grant`.", "Đã thêm: %s. Hãy cấp vai trò bằng `rollbook access grant`."), u.ID)
		}
		u, err := rights.Add(ctx, args[0], language)
		if err != nil {
			return err
		}
		return a.tellAccess(u, a.say("Added: %s. Give it a role with `rollbook access grant`, and a link with `rollbook access invite`.", "Đã thêm: %s. Hãy cấp vai trò bằng `rollbook access grant` và liên kết bằng `rollbook access invite`."), u.ID)
	})
	cmd.Flags().StringVar(&language, "language", "vi", "language that the person is greeted in: vi or en")
	cmd.Flags().StringVar(&who.Subject, "oidc", "", "who signs in to it at the OpenID provider: the subject that the sign-in page shows them")
	a.issuerFlag(cmd, &who.Issuer)
	return cmd
}

// issuerFlag names the OpenID provider, as serve does.
func (a *app) issuerFlag(cmd *cobra.Command, issuer *string) {
	cmd.Flags().StringVar(issuer, "oidc-issuer", a.env("ROLLBOOK_OIDC_ISSUER"), "address of the OpenID provider that people may sign in at, such as https://login.example/realm (ROLLBOOK_OIDC_ISSUER)")
}

// checkIssuer refuses to bind a subject of nobody knows which provider.
func (*app) checkIssuer(issuer string) error {
	if issuer == "" {
		return usage("a subject means something at its provider only: name it by --oidc-issuer, as the service does", "mã danh tính chỉ có nghĩa tại nơi cấp: hãy ghi --oidc-issuer như của dịch vụ")
	}
	return nil
}

func (a *app) accessBindCommand() *cobra.Command {
	who := access.Identity{}
	cmd := a.accessDo("bind ACCOUNT SUBJECT", "Let somebody sign in to an account at the OpenID provider", "bind u-abc 248289761001 --oidc-issuer https://login.example/realm", arguments(2, 2), func(ctx context.Context, rights *access.Access, args []string) error {
		if err := a.checkIssuer(who.Issuer); err != nil {
			return err
		}
		who.Subject = args[1]
		if err := rights.Bind(ctx, args[0], who); err != nil {
			return err
		}
		return a.tellAccess(map[string]any{"account": args[0], "identity": who}, "%s", a.say("Bound.", "Đã gắn."))
	})
	a.issuerFlag(cmd, &who.Issuer)
	return cmd
}

func (a *app) accessUnbindCommand() *cobra.Command {
	return a.accessDo("unbind ACCOUNT", "Take from an account that it is signed in to at the OpenID provider", "unbind u-abc", arguments(1, 1), func(ctx context.Context, rights *access.Access, args []string) error {
		if err := rights.Unbind(ctx, args[0]); err != nil {
			return err
		}
		return a.tellAccess(map[string]string{"unbound": args[0]}, "%s", a.say("Unbound.", "Đã gỡ."))
	})
}

// tellAccess answers with a document or a line.
func (a *app) tellAccess(document any, line string, args ...any) error {
	if a.json {
		a.out.document(document)
		return nil
	}
	a.out.line(fmt.Sprintf(line, args...))
	return nil
}

func (a *app) accessGrantCommand() *cobra.Command {
	return a.accessRoleCommand("grant ACCOUNT ROLE", "Give an account a role on an organisation and all below it", "grant u-abc clerk --organisation nam-ke",
		a.say("Granted.", "Đã cấp."), (*access.Access).Grant)
}

func (a *app) accessRevokeCommand() *cobra.Command {
	return a.accessRoleCommand("revoke ACCOUNT ROLE", "Take a role away", "revoke u-abc clerk --organisation nam-ke",
		a.say("Revoked.", "Đã thu hồi."), (*access.Access).Revoke)
}

func (a *app) accessRoleCommand(use, short, example, done string, do func(*access.Access, context.Context, string, access.Grant) error) *cobra.Command {
	var organisation string
	cmd := a.accessDo(use, short, example, arguments(2, 2), func(ctx context.Context, rights *access.Access, args []string) error {
		g := access.Grant{Role: access.Role(args[1]), Organisation: strings.TrimPrefix(organisation, "organisation/")}
		if g.Organisation != "" && !domain.ValidID(g.Organisation) {
			return usage("--organisation %q is not an id", "--organisation %q không phải mã", show(organisation))
		}
		if err := do(rights, ctx, args[0], g); err != nil {
			return err
		}
		return a.tellAccess(map[string]any{"account": args[0], "role": g.Role, "organisation": g.Organisation}, "%s", done)
	})
	cmd.Flags().StringVar(&organisation, "organisation", "", "id of the organisation, with all below it; without it the whole ledger")
	return cmd
}

func (a *app) accessInviteCommand() *cobra.Command {
	return a.accessDo("invite ACCOUNT", "Make a link by which a login and a password are chosen", "invite u-abc", arguments(1, 1), func(ctx context.Context, rights *access.Access, args []string) error {
		secret, err := rights.Invite(ctx, args[0])
		if err != nil {
			return err
		}
		return a.tellAccess(map[string]string{"path": "/first/" + secret}, a.say("Behind the address of the service, good once and for a day: %s", "Ghép sau địa chỉ dịch vụ, dùng một lần trong một ngày: %s"), "/first/"+secret)
	})
}

func (a *app) accessDisableCommand() *cobra.Command {
	undo := false
	cmd := a.accessDo("disable ACCOUNT", "Take every way to sign in from an account, at once", "disable u-abc", arguments(1, 1), func(ctx context.Context, rights *access.Access, args []string) error {
		if err := rights.Disable(ctx, args[0], !undo); err != nil {
			return err
		}
		return a.tellAccess(map[string]any{"account": args[0], "disabled": !undo}, "%s", a.say("Done.", "Đã xong."))
	})
	cmd.Flags().BoolVar(&undo, "undo", false, "give them back")
	return cmd
}

func (a *app) accessTokenCommand() *cobra.Command {
	var name, only string
	var days int
	cmd := a.accessDo("token ACCOUNT", "Make a token for a program", "token u-abc --for \"province portal\" --days 90 --only read_figures", arguments(1, 1), func(ctx context.Context, rights *access.Access, args []string) error {
		var actions []access.Action
		for _, action := range splitList(only) {
			actions = append(actions, access.Action(action))
		}
		secret, t, err := rights.NewToken(ctx, args[0], name, actions, time.Duration(days)*24*time.Hour)
		if err != nil {
			return err
		}
		return a.tellAccess(map[string]any{"token": secret, "prefix": t.Prefix, "expires": t.Expires}, a.say("The token, shown this once: %s (good until %s)", "Mã truy cập, chỉ hiện một lần: %s (hạn dùng %s)"), secret, t.Expires.Format(time.DateOnly))
	})
	cmd.Flags().StringVar(&name, "for", "token", "what it is for")
	cmd.Flags().StringVar(&only, "only", "", "actions that it is limited to, with commas between; all of the account's if not given")
	cmd.Flags().IntVar(&days, "days", 90, "how many days it is good, up to 366")
	return cmd
}

func (a *app) accessTokensCommand() *cobra.Command {
	return a.accessDo("tokens", "The tokens, by their beginnings", "tokens", arguments(0, 0), func(ctx context.Context, rights *access.Access, _ []string) error {
		tokens, err := rights.Tokens(ctx)
		if err != nil {
			return err
		}
		if a.json {
			a.out.document(map[string]any{"tokens": tokens})
			return nil
		}
		var rows [][]string
		for _, t := range tokens {
			until := t.Expires.Format(time.DateOnly)
			if t.Revoked {
				until = a.say("ended", "đã thu hồi")
			}
			rows = append(rows, []string{t.Prefix + "…", t.Account, show(t.Name), until})
		}
		a.table([]column{{head: a.say("Token", "Mã truy cập")}, {head: a.say("Account", "Tài khoản")}, {head: a.say("For", "Dùng cho"), most: 40}, {head: a.say("Until", "Hạn")}}, rows, nil)
		return nil
	})
}

func (a *app) accessEndTokenCommand() *cobra.Command {
	return a.accessDo("end-token PREFIX", "End a token", "end-token rb_1a2b3c4d", arguments(1, 1), func(ctx context.Context, rights *access.Access, args []string) error {
		if err := rights.RevokeToken(ctx, args[0]); err != nil {
			return err
		}
		return a.tellAccess(map[string]string{"ended": args[0]}, "%s", a.say("Ended.", "Đã thu hồi."))
	})
}

func (a *app) accessReadingsCommand() *cobra.Command {
	var f access.NoteFilter
	cmd := a.accessDo("readings", "Who has read, exported and granted what, newest first", "readings --subject member/m1", arguments(0, 0), func(ctx context.Context, rights *access.Access, _ []string) error {
		notes, err := rights.Notes(ctx, f)
		if err != nil {
			return err
		}
		if a.json {
			a.out.document(map[string]any{"readings": notes})
			return nil
		}
		var rows [][]string
		for _, n := range notes {
			rows = append(rows, []string{n.At.Local().Format(time.DateTime), n.Account, n.What, n.Subject, n.Organisation, show(n.Reason)})
		}
		a.table([]column{{head: a.say("When", "Lúc")}, {head: a.say("Who", "Ai")}, {head: a.say("What", "Việc")}, {head: a.say("Whom", "Đối tượng")}, {head: a.say("Organisation", "Tổ chức đảng")}, {head: a.say("Reason", "Lý do"), most: 50}}, rows, nil)
		return nil
	})
	cmd.Flags().StringVar(&f.Account, "account", "", "only what this account did")
	cmd.Flags().StringVar(&f.Subject, "subject", "", "only what was read of this subject, such as member/m1")
	cmd.Flags().IntVar(&f.Limit, "limit", 1000, "at most so many lines")
	return cmd
}
