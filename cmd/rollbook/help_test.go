package main

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Every command and every flag is explained in both languages, and nothing else
// is.
func TestHelpIsInBothLanguages(t *testing.T) {
	commands, meanings := map[string]bool{}, map[string][]string{}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		path := pathOf(cmd)
		commands[path] = true
		text := commandTexts[path]
		if cmd.Short == "" || text.short == "" {
			t.Errorf("`%s`: short help is %q in English and %q in Vietnamese", path, cmd.Short, text.short)
		}
		if (cmd.Long == "") != (text.long == "") {
			t.Errorf("`%s`: long help is %q in English and %q in Vietnamese", path, cmd.Long, text.long)
		}
		ownFlags(cmd, func(f *pflag.Flag) {
			vi, key := flagText(cmd, f.Name)
			if f.Usage == "" || vi == "" {
				t.Errorf("`%s --%s` is %q in English and %q in Vietnamese", path, f.Name, f.Usage, vi)
			}
			if !slices.Contains(meanings[key], f.Usage) {
				meanings[key] = append(meanings[key], f.Usage)
			}
		})
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	root := commandTree()
	root.InitDefaultHelpCmd()
	walk(root)
	for path := range commandTexts {
		if !commands[path] {
			t.Errorf("there is no command `%s`", path)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(flagTexts)) {
		switch list := meanings[key]; {
		case key == "help":
		case len(list) == 0:
			t.Errorf("there is no flag %q", key)
		case len(list) > 1:
			t.Errorf("one Vietnamese text for %q, which means %q: name the command", key, list)
		}
	}
}

func TestHelpSpeaksTheLanguageThatIsAskedFor(t *testing.T) {
	for _, args := range [][]string{{"help", "report", "movements", "--lang", "vi"}, {"report", "movements", "--help", "--lang", "vi"}} {
		a := rollbook(t, nil, args...)
		for _, want := range []string{"Cho biết số đảng viên cuối ngày đầu", "Cách dùng:", "Tham số:", "Tham số chung:", "Ví dụ:", "thư mục dữ liệu (ROLLBOOK_DATA)", "xem cách dùng"} {
			if a.exit != exitDone || !strings.Contains(a.stdout, want) {
				t.Errorf("rollbook %v: no %q in %+v", args, want, a)
			}
		}
	}
	t.Setenv("LANG", "vi_VN.UTF-8")
	for _, key := range []string{"ROLLBOOK_LANG", "LC_ALL", "LC_MESSAGES"} {
		t.Setenv(key, "")
	}
	if a := rollbook(t, nil, "help", "import", "--lang", "en"); !strings.Contains(a.stdout, "Store the events of files") {
		t.Errorf("--lang en: %+v", a)
	}
	if a := rollbook(t, nil, "__complete", "report", "mov"); !strings.Contains(a.stdout, "movements\tSố đảng viên từ ngày này") {
		t.Errorf("completion: %+v", a)
	}
	for flag, want := range map[string]string{
		"--no-such":     "không có tham số --no-such; xem --help",
		"-x":            "không có tham số -x; xem --help",
		"--from":        "tham số --from cần một giá trị; xem --help",
		"--verbose=two": "giá trị của --verbose không hợp lệ; xem --help",
	} {
		if a := rollbook(t, nil, "report", "movements", flag); a.exit != exitUsage || a.stderr != "rollbook: "+want+"\n" {
			t.Errorf("%s: %+v, want %q", flag, a, want)
		}
	}
}
