package cli

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"datafast/internal/client"
)

// apiCommand is the raw call.
func (p *program) apiCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "api <METHOD> <path>", Short: "Call any operation of the API", Args: cobra.ExactArgs(2),
		Long: "Calls a path below /api/v1 with the stored credential and prints the answer. The website in force is added as websiteId where the path is not below /admin and names none.",
		Example: "  datafast api GET /analytics/overview?startAt=2026-05-01\\&endAt=2026-05-31\n" +
			"  datafast api POST /admin/websites/<id>/notes --body '{\"text\":\"Launch\",\"timestamp\":\"2026-05-01\"}'",
		RunE: func(cmd *cobra.Command, args []string) error { return p.rawCall(cmd, args[0], args[1]) },
	}
	cmd.Flags().String("body", "", "Body: JSON, @file, or - for standard input.")
	return cmd
}

func (p *program) rawCall(cmd *cobra.Command, method, path string) error {
	s, err := p.open(cmd)
	if err != nil {
		return err
	}
	method = strings.ToUpper(method)
	if methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}; !slices.Contains(methods, method) {
		return usage("%q is no method; use one of %s", method, strings.Join(methods, ", "))
	}
	path = "/" + strings.TrimPrefix(strings.TrimPrefix(path, "/"), "api/v1/")
	u, err := url.Parse(path)
	if err != nil {
		return usage("%q is no path: %s", path, err.Error())
	}
	isAdmin := strings.HasPrefix(u.Path, "/admin")
	c, err := s.as(!isAdmin)
	if err != nil {
		return err
	}
	query := u.Query()
	if !isAdmin && s.website.value != "" && !query.Has("websiteId") {
		id, err := s.reference(cmd.Context(), c, s.website.value)
		if err != nil {
			return err
		}
		query.Set("websiteId", id)
	}
	q := client.Request{Method: method, Path: "/api/v1" + u.EscapedPath(), Query: query}
	body, err := s.bodyOf(cmd.Flag("body").Value.String())
	if err != nil {
		return err
	}
	if body != nil {
		q.Body, q.ContentType = bytes.NewReader(body), "application/json"
	}
	return s.sendRaw(c, q)
}

// sendRaw prints JSON as every command does, and anything else as it comes.
func (s *session) sendRaw(c *client.Client, q client.Request) error {
	f, err := formatOf(s.cmd)
	if err != nil {
		return err
	}
	resp, err := c.Send(s.cmd.Context(), q)
	run := &call{session: s, client: c, leaf: &leaf{path: "api"}, values: map[string]string{}, query: q.Query, format: f}
	if err != nil {
		return run.explain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") || q.Method == http.MethodHead {
		_, err := io.Copy(s.cmd.OutOrStdout(), resp.Body)
		return err
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return &client.Unreachable{Base: c.Base, Cause: err}
	}
	a, err := parseAnswer(c, raw, resp)
	if err != nil {
		return err
	}
	if run.format == asTable {
		run.format = asJSON // there are no columns to show it in
	}
	return run.print(a, nil)
}

// bodyOf reads --body; nil for none.
func (s *session) bodyOf(typed string) ([]byte, error) {
	name, isFile := strings.CutPrefix(typed, "@")
	var raw []byte
	var err error
	switch {
	case typed == "":
		return nil, nil
	case typed == "-":
		var all string
		all, err = s.readAll(1 << 30)
		raw = []byte(all)
	case isFile:
		raw, err = os.ReadFile(name)
	default:
		raw = []byte(typed)
	}
	if err != nil && !errors.Is(err, errCancelled) {
		err = usage("--body: %s", err.Error())
	}
	return raw, err
}
