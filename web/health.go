package web

import (
	"encoding/json"
	"net/http"

	"rollbook/ledger"
)

// state is what /readyz answers.
type state struct {
	Status string `json:"status"` // "ok" or "unavailable"
	// Roles are the parts of the work that this instance does, and is judged by.
	Roles ledger.Roles `json:"roles"`
	// Position is how far the read models have come, and Last the end of the log.
	Position uint64 `json:"position"`
	Last     uint64 `json:"last"`
	Parked   int    `json:"parked"`
	// Problems say what is wrong, for the operator.
	Problems []string `json:"problems"`
	// Remarks say what is wrong beside that, and keeps nothing from being asked and
	// recorded.
	Remarks []string `json:"remarks"`
}

// alive answers that the process runs.
func (s *Server) alive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"status": "ok", "roles": s.options.Roles.Sorted()})
}

// ready answers whether requests can be answered, and if not, why.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	out := state{Status: "ok", Roles: s.options.Roles.Sorted(), Problems: []string{}, Remarks: []string{}}
	h, err := s.options.Service.Ledger.Health(r.Context())
	out.Position, out.Last, out.Parked = uint64(h.Position), uint64(h.Last), h.Parked
	if err != nil {
		out.Problems = append(out.Problems, "the log or the read models cannot be reached")
	}
	switch {
	case h.Alarm == nil:
	case out.Roles.Has(ledger.RoleAPI):
		out.Problems = append(out.Problems, "nothing can be recorded: "+h.Alarm.Error())
	default:
		out.Problems = append(out.Problems, h.Alarm.Error())
	}
	if h.Idle != nil {
		out.Problems = append(out.Problems, h.Idle.Error())
	}
	if s.starting() {
		out.Problems = append(out.Problems, "the read models are being brought up to the log, which the service waits for when it starts")
	}
	if s.closing.Err() != nil {
		out.Problems = append(out.Problems, "the service is ending")
	}
	if p := s.options.Service.Provider; p != nil && !p.Reachable() {
		out.Remarks = append(out.Remarks, "nobody can sign in at the OpenID provider, which does not answer; local accounts can")
	}
	status := http.StatusOK
	if len(out.Problems) > 0 {
		out.Status, status = "unavailable", http.StatusServiceUnavailable
	}
	writeJSON(w, status, out)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // who went away needs no answer
}
