package main

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"rollbook/office/papers"
	"rollbook/office/reports"
	"rollbook/projections"
)

func drillFlag(cmd *cobra.Command, drill *bool) {
	cmd.Flags().BoolVar(drill, "drill", false, "also who and which events each figure is made of")
}

// drilled is a report with what its figures are made of.
type drilled struct {
	report any
	made   []reports.Line
	with   bool
}

// MarshalJSON adds a field "drill" to the report's own: for each figure, its
// parts.
func (d drilled) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(d.report)
	if err != nil || !d.with {
		return b, err
	}
	type made struct {
		Figure string             `json:"figure"`
		Number int                `json:"number"`
		Parts  []projections.Part `json:"parts"`
	}
	list := []made{}
	for _, l := range d.made {
		list = append(list, made{l.Name, l.To, l.Parts})
	}
	rest, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	b = append(b[:len(b)-1], `,"drill":`...)
	return append(append(b, rest...), '}'), nil
}

// paper adds what the figures are made of to the report's paper, if it is asked
// for.
func (d drilled) paper(r reports.Reader, p papers.Paper) papers.Paper {
	if !d.with {
		return p
	}
	return r.Drilled(p, d.made)
}
