package web_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"rollbook/ledger"
	"rollbook/web/access"
)

// A table comes over the service as it does on the command line: planned, stored
// row by row, unchanged the second time; and a row about somebody out of reach is
// rejected like one about nobody.
func TestATableIsImportedWithinTheClerksReach(t *testing.T) {
	o := open(t)
	token := o.account(access.Grant{Role: access.Clerk, Organisation: "a"})
	table := "Mã đảng viên,Năm,Xếp loại\nm-a,2023,Hoàn thành tốt nhiệm vụ\nm-b,2023,Hoàn thành tốt nhiệm vụ\n"
	before := o.last()
	for _, step := range []struct {
		path                string
		accepted, unchanged int
	}{{"/api/v1/imports?dry_run=true", 1, 0}, {"/api/v1/imports", 1, 0}, {"/api/v1/imports", 0, 1}} {
		answer := o.ask(token, http.MethodPost, step.path, table, "Content-Type", "text/csv")
		var r ledger.ImportResult
		if err := json.Unmarshal([]byte(answer.body), &r); err != nil || r.Accepted != step.accepted || r.Unchanged != step.unchanged || r.Rejected != 1 {
			t.Fatalf("POST %s: %d %s", step.path, answer.status, answer.body)
		}
		if strings.Contains(step.path, "dry_run") && o.last() != before {
			t.Error("a plan stored something")
		}
	}
	broken := o.ask(token, http.MethodPost, "/api/v1/imports", "PK\x03\x04 no workbook", "Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	if broken.status != http.StatusUnprocessableEntity || !strings.Contains(broken.body, "not_events") {
		t.Errorf("a broken workbook is answered %d %s, want 422 not_events", broken.status, broken.body)
	}
}
