package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// versionDocument is what this binary was built from.
type versionDocument struct {
	Version  string `json:"version"`
	Commit   string `json:"commit"`   // "" when it was not built from a checkout
	Modified bool   `json:"modified"` // the checkout held changes that were not committed
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func readVersion() versionDocument {
	v := versionDocument{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which version this is", Args: arguments(0, 0), Example: "  rollbook version",
		RunE: func(*cobra.Command, []string) error {
			v := readVersion()
			if a.json {
				a.out.document(v)
				return nil
			}
			commit := v.Commit
			if commit == "" {
				commit = a.say("unknown", "không rõ")
			}
			if v.Modified {
				commit += a.say(" with changes", " có sửa đổi")
			}
			a.out.printf("rollbook %s\ncommit %s\n%s %s\n", v.Version, commit, v.Go, v.Platform)
			return nil
		},
	}
}
