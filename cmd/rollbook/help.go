package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"rollbook/domain"
)

// pathOf is a command's path without the program's name.
func pathOf(cmd *cobra.Command) string {
	_, path, _ := strings.Cut(cmd.CommandPath(), " ")
	return path
}

// flagText returns what a flag of a command means, in Vietnamese; key is where
// that stands in the table.
func flagText(cmd *cobra.Command, flag string) (text, key string) {
	for _, key := range []string{pathOf(cmd) + " --" + flag, flag} {
		if text, ok := flagTexts[key]; ok {
			return text, key
		}
	}
	return "", flag
}

// ownFlags calls f with the flags that a command itself defines.
func ownFlags(cmd *cobra.Command, f func(*pflag.Flag)) {
	seen := map[string]bool{}
	once := func(flag *pflag.Flag) {
		if !seen[flag.Name] {
			seen[flag.Name] = true
			f(flag)
		}
	}
	cmd.LocalNonPersistentFlags().VisitAll(once)
	cmd.PersistentFlags().VisitAll(once)
}

// translate puts the help of all commands into Vietnamese, if that is the
// language. What is missing in the tables stays English.
func (a *app) translate(cmd *cobra.Command) {
	if a.lang != "vi" {
		return
	}
	cmd.InitDefaultHelpFlag()
	if t, ok := commandTexts[pathOf(cmd)]; ok {
		cmd.Short, cmd.Long = t.short, t.long
	}
	ownFlags(cmd, func(f *pflag.Flag) {
		if text, _ := flagText(cmd, f.Name); text != "" {
			f.Usage = text
		}
	})
	if !cmd.HasParent() {
		cmd.SetUsageTemplate(usageTexts.Replace(cmd.UsageTemplate()))
	}
	for _, c := range cmd.Commands() {
		a.translate(c)
	}
}

// usageTexts are the words that the library writes around the help of a command.
var usageTexts = strings.NewReplacer(
	"Usage:", "Cách dùng:", "Aliases:", "Tên khác:", "Examples:", "Ví dụ:", "Available Commands:", "Các lệnh:",
	"Additional Commands:", "Các lệnh khác:", "Global Flags:", "Tham số chung:", "Flags:", "Tham số:",
	"Additional help topics:", "Chủ đề khác:",
	`Use "{{.CommandPath}} [command] --help" for more information about a command.`, `Xem thêm về một lệnh bằng "{{.CommandPath}} [command] --help".`,
)

// flagError puts a mistake in the flags into both languages.
func flagError(err error) domain.Text {
	vi := "sai cú pháp: " + err.Error()
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		vi = "không có tham số " + dashes(e.GetSpecifiedName())
	} else if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		vi = "tham số " + dashes(e.GetSpecifiedName()) + " cần một giá trị"
	} else if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		vi = "giá trị của --" + e.GetFlag().Name + " không hợp lệ"
	}
	return domain.Text{EN: err.Error(), VI: vi}
}

func dashes(name string) string {
	if len(name) == 1 {
		return "-" + show(name)
	}
	return "--" + show(name)
}
