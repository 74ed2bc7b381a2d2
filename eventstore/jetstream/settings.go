package jetstream

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"rollbook/eventstore"
)

// ErrSettings means that the stream or the server is set up in another way than
// the one that the promises of a log rest on. The error names the settings. It
// needs a person: the log does not change settings of what it finds.
var ErrSettings = errors.New("the log's settings are not the pinned ones")

const (
	// maxHeaderBytes is room for our headers beside eventstore.MaxDataBytes: at
	// most 64 bytes of id, twice, three labels of maxLabelBytes, numbers, the
	// batch's own headers and the names.
	maxHeaderBytes = 4 << 10

	// duplicateWindow is a second net only: ids are for ever, and append.go
	// looks for them in the stream's history. It is also how long the server
	// notices an id that is used again in another stream. The server keeps
	// about 200 bytes for each id in it, which is why it is shorter than the
	// server's own 2 minutes: an import of 50,000 records a second would hold
	// a gigabyte.
	duplicateWindow = 10 * time.Second
)

// settings are the names and values of a stream's configuration as the server
// writes them in JSON. JSON and not a struct of the client, so that a setting
// of a newer server that the client does not know is seen as well.
type settings map[string]any

// pinned returns the settings of the log's stream. A setting that is not here
// must be absent, or its zero value, in the stream.
func pinned(name, prefix string, window time.Duration) settings {
	return settings{
		"name":                 name,
		"subjects":             []any{prefix + ".>"},
		"storage":              "file",
		"num_replicas":         1.0,
		"retention":            "limits",
		"discard":              "new",
		"max_consumers":        -1.0,
		"max_msgs":             -1.0,
		"max_bytes":            -1.0,
		"max_msgs_per_subject": -1.0,
		"max_msg_size":         float64(eventstore.MaxDataBytes + maxHeaderBytes),
		"duplicate_window":     float64(window.Nanoseconds()),
		"compression":          "none", // one flipped byte in an S2 block can cost the whole stream
		"allow_direct":         true,
		"allow_atomic":         true,
		"deny_delete":          true,
		"deny_purge":           true,
	}
}

// checkSettings compares what is with what must be, and names every difference
// in an error that wraps [ErrSettings]. persist_mode async, for one, switches
// sync always off for its stream without a word (nats-server 2.15.2).
func checkSettings(want, got settings, syncAlways bool) error {
	names := map[string]bool{}
	for name := range want {
		names[name] = true
	}
	for name := range got {
		names[name] = true
	}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		w, g := plain(name, want[name]), plain(name, got[name])
		if !reflect.DeepEqual(w, g) {
			wrong = append(wrong, fmt.Sprintf("%s is %v and must be %v", name, show(g), show(w)))
		}
	}
	if !syncAlways {
		wrong = append(wrong, "the server's sync_interval is not always")
	}
	if len(wrong) > 0 {
		return fmt.Errorf("%w: %s", ErrSettings, strings.Join(wrong, "; "))
	}
	return nil
}

// plain returns nil for every way in which the server writes "not set", and
// leaves out what the server itself notes in a stream's metadata.
func plain(name string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, inner := range v {
			if name == "metadata" && strings.HasPrefix(key, "_nats.") {
				continue
			}
			if inner = plain("", inner); inner != nil {
				kept[key] = inner
			}
		}
		if len(kept) == 0 {
			return nil
		}
		return kept
	case []any:
		if len(v) == 0 {
			return nil
		}
	case string:
		if v == "" || name == "persist_mode" && v == "default" {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	}
	return value
}

func show(value any) any {
	switch v := value.(type) {
	case nil:
		return "not set"
	case float64:
		return int64(v)
	}
	return value
}
