package main

import (
	"bytes"
	"io"

	"github.com/spf13/cobra"
)

const completionLong = `Write a script that teaches a shell to complete rollbook's commands, flags and
event types.

  bash:        source <(rollbook completion bash)
  zsh:         rollbook completion zsh > "${fpath[1]}/_rollbook"
  fish:        rollbook completion fish > ~/.config/fish/completions/rollbook.fish
  powershell:  rollbook completion powershell | Out-String | Invoke-Expression`

func (a *app) completionCommand() *cobra.Command {
	shells := []struct {
		name     string
		generate func(*cobra.Command, io.Writer) error
	}{
		{"bash", func(c *cobra.Command, w io.Writer) error { return c.GenBashCompletionV2(w, true) }},
		{"zsh", (*cobra.Command).GenZshCompletion},
		{"fish", func(c *cobra.Command, w io.Writer) error { return c.GenFishCompletion(w, true) }},
		{"powershell", (*cobra.Command).GenPowerShellCompletionWithDesc},
	}
	group := a.group("completion", "Write a completion script for bash, zsh, fish or powershell")
	group.Long = completionLong
	for _, shell := range shells {
		group.AddCommand(&cobra.Command{
			Use: shell.name, Short: "The script for " + shell.name, Args: arguments(0, 0), Example: "  rollbook completion " + shell.name,
			RunE: func(cmd *cobra.Command, _ []string) error {
				var script bytes.Buffer
				if err := shell.generate(cmd.Root(), &script); err != nil {
					return err
				}
				if a.json {
					a.out.document(map[string]string{"shell": shell.name, "script": script.String()})
					return nil
				}
				_, err := a.out.Write(script.Bytes())
				return errOutput(err)
			},
		})
	}
	return group
}
