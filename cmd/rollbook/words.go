package main

import (
	"rollbook/domain"
	"rollbook/words"
)

// label returns the word for a wire name in the chosen language, and the wire
// name itself where there is none.
func (a *app) label(of words.List, name string) string { return of.In(a.lang, name) }

// codeName returns the name of a code in one of the official lists.
func codeName(list []domain.Listed, code string) string {
	for _, l := range list {
		if l.Code == code {
			return l.Name
		}
	}
	return show(code)
}
