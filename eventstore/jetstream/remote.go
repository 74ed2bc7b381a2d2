package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What servers of their own tell of themselves comes over their system account,
// which has to export these services to the log's account under these names.
// Every server of a cluster answers for itself.
const (
	serverConfig = "$SYS.REQ.SERVER.PING.JSZ"
	serverHealth = "$SYS.REQ.SERVER.PING.HEALTHZ"
)

// serversAnswer is how long the servers have to tell of themselves. One that is
// down never does.
const serversAnswer = 2 * time.Second

// clusterInfo is what a stream's leader says of the servers that hold it.
type clusterInfo struct {
	Leader   string `json:"leader"`
	Replicas []struct {
		Name    string        `json:"name"`
		Offline bool          `json:"offline"`
		Active  time.Duration `json:"active"` // since the leader heard of it
	} `json:"replicas"`
}

// holders returns the names of the servers that hold the stream.
func (c clusterInfo) holders() []string {
	var names []string
	if c.Leader != "" {
		names = append(names, c.Leader)
	}
	for _, r := range c.Replicas {
		names = append(names, r.Name)
	}
	return names
}

// heard reports whether the leader has heard from a majority within a time.
func (c clusterInfo) heard(within time.Duration) bool {
	votes := 1
	for _, r := range c.Replicas {
		// Zero is also what it says of a server that it has never heard.
		if !r.Offline && r.Active > 0 && r.Active < within {
			votes++
		}
	}
	return c.Leader != "" && votes > (len(c.Replicas)+1)/2
}

// askServers sends a request to every server, and returns the answers of those
// that are named, by name. It returns when all have answered or the time is over;
// then there may be fewer, but a majority, or it is an error.
func (l *Log) askServers(ctx context.Context, service, request string, names []string) (map[string]json.RawMessage, error) {
	ctx, cancel := context.WithTimeout(ctx, min(serversAnswer, l.timeout))
	defer cancel()
	inbox, err := l.nc.SubscribeSync(l.nc.NewInbox())
	if err != nil {
		return nil, err
	}
	defer func() { _ = inbox.Unsubscribe() }() // fails only when the connection is closed
	if err := l.nc.PublishRequest(service, inbox.Subject, []byte(request)); err != nil {
		return nil, err
	}
	answers := map[string]json.RawMessage{}
	for len(answers) < len(names) {
		msg, err := inbox.NextMsgWithContext(ctx)
		if err != nil {
			if len(answers) > len(names)/2 {
				break
			}
			return nil, fmt.Errorf("%d of the %d servers that hold the log answered to %s: %w", len(answers), len(names), service, err)
		}
		var answer struct {
			Server struct {
				Name string `json:"name"`
			} `json:"server"`
			Data  json.RawMessage `json:"data"`
			Error *struct {
				Description string `json:"description"`
			} `json:"error"`
		}
		switch err := json.Unmarshal(msg.Data, &answer); {
		case err != nil:
			return nil, fmt.Errorf("answer to %s: %w", service, err)
		case answer.Error != nil:
			return nil, fmt.Errorf("%s answered to %s: %s", answer.Server.Name, service, answer.Error.Description)
		case slices.Contains(names, answer.Server.Name):
			answers[answer.Server.Name] = answer.Data
		}
	}
	if len(answers) == 0 {
		return nil, errors.New("it is not known which servers hold the log")
	}
	return answers, nil
}

// remoteSync asks the servers that hold the log whether they sync each message.
// One that is down does not count as long as a majority answers: it stores
// nothing until it is back, and is asked again.
func (l *Log) remoteSync(ctx context.Context, cluster clusterInfo) (bool, error) {
	answers, err := l.askServers(ctx, serverConfig, `{"config":true}`, cluster.holders())
	if err != nil {
		return false, err
	}
	for name, data := range answers {
		var answer struct {
			Config struct {
				SyncAlways bool `json:"sync_always"`
			} `json:"config"`
		}
		if err := json.Unmarshal(data, &answer); err != nil {
			return false, fmt.Errorf("how %s syncs: %w", name, err)
		}
		if !answer.Config.SyncAlways {
			return false, nil
		}
	}
	return true, nil
}

// remoteWriteError asks the servers that hold the log whether they can write.
// The log cannot be written when the only one, or a majority, cannot. A server
// does not tell this of a stream with one replica in a cluster (2.15.2).
func (l *Log) remoteWriteError(ctx context.Context) (broken, err error) {
	names := l.watch.holders()
	answers, err := l.askServers(ctx, serverHealth, `{"details":true}`, names)
	if err != nil {
		if l.unsafeSync {
			return nil, nil
		}
		return nil, err
	}
	var failed []string
	for name, data := range answers {
		var health struct {
			Errors []struct {
				Stream string `json:"stream"`
				Error  string `json:"error"`
			} `json:"errors"`
		}
		if err := json.Unmarshal(data, &health); err != nil {
			return nil, fmt.Errorf("health of %s: %w", name, err)
		}
		for _, e := range health.Errors {
			if e.Stream == l.log && (strings.Contains(e.Error, "write error") || strings.Contains(e.Error, "could not be recovered")) {
				failed = append(failed, name+": "+e.Error)
				break
			}
		}
	}
	if 2*len(failed) > len(names) || len(names) == 1 && len(failed) == 1 {
		slices.Sort(failed)
		return fmt.Errorf("%w: %s", ErrStore, strings.Join(failed, "; ")), nil
	}
	return nil, nil
}
