package audit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	addCheckpoint = "/add-checkpoint"
	sizeType      = "text/x.tlog.size" // of the answer to a conflict
	textType      = "text/plain; charset=utf-8"
)

// Handler serves a signer or a witness as POST /add-checkpoint of
// https://c2sp.org/tlog-witness: 200 with signature lines; 400, 403, 404 and 422
// with the reason; 409 with the size that was signed last. A witness's answers
// are for everybody. A signer's are not: serve it where only the log can ask.
func Handler(c Cosigner, logger *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+addCheckpoint, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBytes))
		if err != nil {
			http.Error(w, ErrRequest.Error(), http.StatusBadRequest)
			return
		}
		request, err := ParseRequest(body)
		var lines []byte
		if err == nil {
			lines, err = c.AddCheckpoint(r.Context(), request)
		}
		if err == nil {
			w.Header().Set("Content-Type", textType)
			_, _ = w.Write(lines) // who asked is gone, and may ask again
			return
		}
		status := statusOf(err)
		if conflict, ok := errors.AsType[*ConflictError](err); ok {
			w.Header().Set("Content-Type", sizeType)
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "%d\n", conflict.Size)
			return
		}
		logger.WarnContext(r.Context(), "checkpoint not signed", slog.Int("status", status), slog.String("error", err.Error()))
		text := "internal error"
		if e, ok := errors.AsType[*EvidenceError](err); ok {
			text = e.Error()
		} else if status != http.StatusInternalServerError {
			text = err.Error()
		}
		http.Error(w, text, status)
	})
	return mux
}

func statusOf(err error) int {
	if e, ok := errors.AsType[*EvidenceError](err); ok {
		switch e.Code {
		case CheckpointSignature:
			return http.StatusForbidden
		case SplitView, CheckpointInconsistent:
			return http.StatusUnprocessableEntity
		default:
			return http.StatusBadRequest
		}
	}
	switch _, conflict := errors.AsType[*ConflictError](err); {
	case conflict:
		return http.StatusConflict
	case errors.Is(err, ErrUnknownLog):
		return http.StatusNotFound
	case errors.Is(err, ErrRequest):
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// Client asks a signer or a witness elsewhere.
type Client struct {
	url  string
	http *http.Client
}

var _ Cosigner = (*Client)(nil)

// NewClient returns a client for an address: https://…, http://…, or
// unix:///path/of/a/socket. What lies before /add-checkpoint is given. A nil
// transport is the usual one; it can bring certificates.
func NewClient(address string, transport *http.Transport) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "unix" || u.Scheme != "unix" && u.Host == "" || u.Scheme == "unix" && u.Path == "" {
		return nil, fmt.Errorf("%q is no address of a signer or a witness: it begins with https://, http:// or unix:///", address)
	}
	if transport == nil {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, TLSHandshakeTimeout: 10 * time.Second, IdleConnTimeout: time.Minute}
	}
	prefix := strings.TrimSuffix(address, "/")
	if u.Scheme == "unix" {
		socket, dialer := u.Path, new(net.Dialer)
		transport = transport.Clone()
		transport.Proxy = nil
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		}
		prefix = "http://signer"
	}
	return &Client{prefix + addCheckpoint, &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close closes idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// AddCheckpoint asks for a signature. What is returned is not yet verified.
func (c *Client) AddCheckpoint(ctx context.Context, r Request) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(string(r.Marshal())))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", textType)
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := readBounded(answer.Body, maxCheckpointBytes)
	if err != nil {
		return nil, fmt.Errorf("the answer of %s: %w", request.URL.Redacted(), err)
	}
	text := strings.TrimSuffix(string(body), "\n")
	switch answer.StatusCode {
	case http.StatusOK:
		return body, nil
	case http.StatusConflict:
		if size, ok := parseSize(text); ok {
			return nil, &ConflictError{size}
		}
		// So the protocol named two roots at one size before July 2026.
		return nil, evidence(SplitView, r.Old, "%s has signed another root at %d", request.URL.Redacted(), r.Old)
	case http.StatusUnprocessableEntity:
		return nil, refusal(CheckpointInconsistent, text)
	case http.StatusForbidden:
		return nil, refusal(CheckpointSignature, text)
	case http.StatusNotFound:
		return nil, fmt.Errorf("%w: %s", ErrUnknownLog, request.URL.Redacted())
	case http.StatusBadRequest:
		if strings.HasPrefix(text, string(CheckpointRollback)) {
			return nil, refusal(CheckpointRollback, text)
		}
		return nil, fmt.Errorf("%w: %s says: %.200q", ErrRequest, request.URL.Redacted(), text)
	}
	return nil, fmt.Errorf("%s answers %s", request.URL.Redacted(), answer.Status)
}

// refusal returns the reason that an answer gives. Which code it has follows
// from the status, but for the one that it cannot tell.
func refusal(code Code, text string) error {
	if strings.HasPrefix(text, string(SplitView)) && code == CheckpointInconsistent {
		code = SplitView
	}
	return evidence(code, 0, "it was refused: %.200q", strings.TrimPrefix(text, string(code)+": "))
}
