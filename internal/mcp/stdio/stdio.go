// Package stdio lets a program that speaks the Model Context Protocol over
// standard input and output use a server's POST /api/mcp: each line is carried
// there and its answer back. What the credential may do is the server's business,
// so that both transports offer the same.
//
// It may import client. It must not import server packages.
package stdio

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"datafast/internal/client"
)

// maxLine is the longest message in bytes; the API takes bodies of 1 MiB.
const maxLine = 4 << 20

// Error codes of JSON-RPC.
const (
	codeParse    = -32700
	codeInternal = -32603
)

// bridge carries messages of one program.
type bridge struct {
	client   *client.Client
	endpoint string

	mu       sync.Mutex // of out and protocol
	out      io.Writer
	protocol string // as agreed at initialize; "" before
}

// Serve carries messages until in ends or ctx is done. readOnly hides everything
// that changes something.
func Serve(ctx context.Context, c *client.Client, readOnly bool, in io.Reader, out io.Writer) error {
	b := &bridge{client: c, endpoint: strings.TrimSuffix(c.Base, "/") + "/api/mcp", out: out}
	if readOnly {
		b.endpoint += "?readOnly=true"
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	var calls sync.WaitGroup
	defer calls.Wait()
	for lines.Scan() && ctx.Err() == nil {
		line := bytes.Clone(bytes.TrimSpace(lines.Bytes()))
		if len(line) == 0 {
			continue
		}
		m := read(line)
		if m.Method == "initialize" {
			b.carry(ctx, m, line) // what follows needs the agreed version
			continue
		}
		calls.Go(func() { b.carry(ctx, m, line) })
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read messages: %w", err)
	}
	return nil
}

// message is what the bridge reads of a line.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	bad    error
}

func read(line []byte) message {
	var m message
	m.bad = json.Unmarshal(line, &m)
	return m
}

// carry sends a message and writes its answer, or an error in its place. A
// notification has no answer.
func (b *bridge) carry(ctx context.Context, m message, line []byte) {
	if m.bad != nil {
		b.fail(nil, codeParse, "the line is no JSON: "+m.bad.Error())
		return
	}
	answer, err := b.post(ctx, line)
	switch {
	case err != nil && m.ID != nil:
		b.fail(m.ID, codeInternal, err.Error())
	case err == nil && len(answer) > 0:
		if m.Method == "initialize" {
			b.agreed(answer)
		}
		b.write(answer)
	}
}

func (b *bridge) post(ctx context.Context, line []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.endpoint, bytes.NewReader(line))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+b.client.Token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	b.mu.Lock()
	if b.protocol != "" {
		r.Header.Set("Mcp-Protocol-Version", b.protocol)
	}
	b.mu.Unlock()
	resp, err := b.client.HTTP.Do(r)
	if err != nil {
		return nil, fmt.Errorf("reach %s: %w", b.client.Base, err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", b.client.Base, err)
	}
	if resp.StatusCode >= http.StatusBadRequest && !isMessage(body) {
		return nil, refusal(resp.StatusCode, body)
	}
	return bytes.TrimSpace(body), nil
}

func isMessage(body []byte) bool {
	var m struct {
		Version string `json:"jsonrpc"`
	}
	return json.Unmarshal(body, &m) == nil && m.Version != ""
}

// refusal words an answer that is no message of the protocol.
func refusal(status int, body []byte) error {
	var envelope struct{ Error struct{ Message string } }
	if json.Unmarshal(body, &envelope) == nil && envelope.Error.Message != "" {
		return errors.New(envelope.Error.Message)
	}
	return fmt.Errorf("the server answered %d %s: %.200s", status, http.StatusText(status), bytes.TrimSpace(body))
}

// agreed notes the protocol's version from the answer to initialize.
func (b *bridge) agreed(answer []byte) {
	var m struct {
		Result struct {
			ProtocolVersion string `json:"protocolVersion"`
		} `json:"result"`
	}
	if json.Unmarshal(answer, &m) == nil {
		b.mu.Lock()
		b.protocol = m.Result.ProtocolVersion
		b.mu.Unlock()
	}
}

func (b *bridge) fail(id json.RawMessage, code int, why string) {
	if id == nil {
		id = json.RawMessage("null")
	}
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "error": map[string]any{"code": code, "message": why}})
	if err == nil {
		b.write(raw)
	}
}

// write sends one message, whole, on a line of its own.
func (b *bridge) write(message []byte) {
	var line bytes.Buffer
	if json.Compact(&line, message) != nil {
		line.Write(message)
	}
	line.WriteByte('\n')
	b.mu.Lock()
	defer b.mu.Unlock()
	_, _ = b.out.Write(line.Bytes()) // the program has gone: nothing to tell it
}
