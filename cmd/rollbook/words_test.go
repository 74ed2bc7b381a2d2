package main

import (
	"testing"

	"rollbook/domain"
	"rollbook/projections"
	"rollbook/words"
)

func TestEveryIndicatorAndEventHasItsWords(t *testing.T) {
	for _, code := range projections.IndicatorCodes() {
		if l := words.Indicators[code]; l.EN == "" || l.VI == "" {
			t.Errorf("indicator %s has no label", code)
		}
	}
	for _, name := range domain.Types() {
		if l := words.Events[name]; l.EN == "" || l.VI == "" {
			t.Errorf("event %s has no label", name)
		}
	}
	for _, d := range projections.Dimensions() {
		if l := words.Dimensions[string(d)]; l.EN == "" || l.VI == "" {
			t.Errorf("dimension %s has no label", d)
		}
	}
}
