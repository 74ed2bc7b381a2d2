package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/rawbytes"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"
	syntax "go.yaml.in/yaml/v3"

	"rollbook/domain"
	"rollbook/internal/postgres"
	"rollbook/ledger"
)

// setting is something that is the same for every command of an office, and so
// may be written in its configuration file. A flag goes before the environment,
// and the environment before the file.
type setting struct {
	key  string // in the file
	flag string
	on   string // the command that has the flag; "" for all, or nearly all
	env  string
	// list is what stands between several values in the environment; "" for a
	// setting with one.
	list string
	// check says what is wrong with a value that a file has; nil for any text.
	check func(string) domain.Text
}

// settings are all there are, in the order of docs/configuration.md.
var settings = []setting{
	{key: "data", flag: "data", env: "ROLLBOOK_DATA"},
	{key: "language", flag: "lang", env: "ROLLBOOK_LANG", check: checkLanguage},
	{key: "database", flag: "database", env: "ROLLBOOK_DATABASE", check: checkDatabase},
	{key: "master_key", flag: "master-key", env: "ROLLBOOK_MASTER_KEY"},
	{key: "tree", flag: "tree", env: "ROLLBOOK_TREE"},
	{key: "policy", flag: "policy", env: "ROLLBOOK_POLICY"},
	{key: "signer", flag: "signer", env: "ROLLBOOK_SIGNER"},
	{key: "anchors", flag: "anchor", env: "ROLLBOOK_ANCHORS", list: ","},
	{key: "nats.url", flag: "nats", env: "ROLLBOOK_NATS", check: checkServers},
	{key: "nats.nkey", flag: "nkey", env: "ROLLBOOK_NKEY"},
	{key: "nats.feed_nkey", flag: "feed-nkey", env: "ROLLBOOK_FEED_NKEY"},
	{key: "nats.ca", flag: "nats-ca", env: "ROLLBOOK_NATS_CA"},
	{key: "nats.cert", flag: "nats-cert", env: "ROLLBOOK_NATS_CERT"},
	{key: "nats.key", flag: "nats-key", env: "ROLLBOOK_NATS_KEY"},
	{key: "server.url", flag: "server", env: "ROLLBOOK_SERVER"},
	{key: "server.token", flag: "token-file", env: "ROLLBOOK_TOKEN_FILE"},
	{key: "server.ca", flag: "server-ca", env: "ROLLBOOK_SERVER_CA"},
	{key: "service.role", flag: "role", on: "serve", env: "ROLLBOOK_ROLE", list: ",", check: checkRoles},
	{key: "service.listen", flag: "listen", on: "serve", env: "ROLLBOOK_LISTEN", check: checkListen},
	{key: "service.url", flag: "url", on: "serve", env: "ROLLBOOK_URL"},
	{key: "service.tls_cert", flag: "tls-cert", on: "serve", env: "ROLLBOOK_TLS_CERT"},
	{key: "service.tls_key", flag: "tls-key", on: "serve", env: "ROLLBOOK_TLS_KEY"},
	{key: "oidc.issuer", flag: "oidc-issuer", on: "serve", env: "ROLLBOOK_OIDC_ISSUER"},
	{key: "oidc.client_id", flag: "oidc-client-id", on: "serve", env: "ROLLBOOK_OIDC_CLIENT_ID"},
	{key: "oidc.client_secret", flag: "oidc-client-secret", on: "serve", env: "ROLLBOOK_OIDC_CLIENT_SECRET"},
	{key: "oidc.ca", flag: "oidc-ca", on: "serve", env: "ROLLBOOK_OIDC_CA"},
	{key: "paper.superior", flag: "superior", on: "report headcount", env: "ROLLBOOK_SUPERIOR"},
	{key: "paper.office", flag: "office", on: "report headcount", env: "ROLLBOOK_OFFICE"},
	{key: "paper.place", flag: "place", on: "report headcount", env: "ROLLBOOK_PLACE"},
	{key: "paper.signatures", flag: "signature", on: "report headcount", env: "ROLLBOOK_SIGNATURES", list: ";"},
}

// needs are settings that mean nothing without another one.
var needs = []struct{ key, needs string }{
	{"nats.cert", "nats.key"},
	{"nats.key", "nats.cert"},
	{"service.tls_cert", "service.tls_key"},
	{"service.tls_key", "service.tls_cert"},
	{"oidc.issuer", "oidc.client_id"},
	{"oidc.client_id", "oidc.issuer"},
	{"oidc.client_secret", "oidc.issuer"},
	{"oidc.ca", "oidc.issuer"},
}

const (
	configFlag = "config"
	configEnv  = "ROLLBOOK_CONFIG"
	maxConfig  = 1 << 20 // bytes of a configuration file
)

// configuration is what a file says, by the variable of the environment that says
// the same.
type configuration struct {
	file   string // "" for none
	values map[string]string
}

// configure reads the configuration file that the arguments or the environment
// name, if one does, and lets the environment have what it says. It comes before
// flags are parsed, because it is their default.
func (a *app) configure() error {
	if a.service != nil {
		return nil // where the ledger is, is not for the caller to say, and the rest comes with the errand
	}
	name := configArgument(a.args)
	if name == "" {
		name = a.env(configEnv)
	}
	if name == "" {
		return nil
	}
	c, err := readConfiguration(name)
	if err != nil {
		return err
	}
	environment := a.env
	a.environment, a.config = environment, c
	a.env = func(name string) string {
		if v := environment(name); v != "" {
			return v
		}
		return c.values[name]
	}
	return nil
}

// configArgument returns the value of --config, "" if it is not given.
func configArgument(args []string) (file string) {
	for i, arg := range args {
		switch {
		case arg == "--":
			return file
		case strings.HasPrefix(arg, "--"+configFlag+"="):
			file = strings.TrimPrefix(arg, "--"+configFlag+"=")
		case arg == "--"+configFlag && i+1 < len(args):
			file = args[i+1]
		}
	}
	return file
}

// readConfiguration reads a configuration file. What is wrong with it is a
// usage error that names the file and the key.
func readConfiguration(name string) (configuration, error) {
	wrong := func(what domain.Text) (configuration, error) {
		return configuration{}, usage("--config %[1]s: %[2]s", "--config %[1]s: %[3]s", show(name), what.EN, what.VI)
	}
	info, err := os.Stat(name)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxConfig) {
		return wrong(textf("is no file of at most 1 MB", "không phải tệp cỡ tối đa 1 MB"))
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(name)
	}
	if err != nil {
		return wrong(textf("cannot be read: %s", "không đọc được: %s", reasonOf(err)))
	}
	values, bad := parseConfiguration(text)
	if bad != (domain.Text{}) {
		return wrong(bad)
	}
	for _, s := range settings {
		if v := values[s.env]; info.Mode().Perm()&0o077 != 0 && s.public(v) != v {
			return wrong(textf("has a password in %[1]s, and others may read it (mode %04[2]o): chmod 600 %[3]s",
				"có mật khẩu trong %[1]s mà người khác đọc được (quyền %04[2]o): chmod 600 %[3]s", s.key, info.Mode().Perm(), show(name)))
		}
	}
	return configuration{name, values}, nil
}

// parseConfiguration returns the settings of a configuration file, by their
// variables in the environment, or what is wrong with it.
func parseConfiguration(text []byte) (values map[string]string, bad domain.Text) {
	k := koanf.New(".")
	if err := k.Load(rawbytes.Provider(text), yaml.Parser()); err != nil {
		return nil, textf("is not YAML with names and values: %v", "không phải YAML gồm tên và giá trị: %v", err)
	}
	if another(text) {
		return nil, textf("has two documents; take out the line --- between them", "có hai tài liệu; hãy bỏ dòng --- ở giữa")
	}
	for _, name := range slices.Sorted(maps.Keys(k.Raw())) {
		// Beside the heading that it stands for, either could be the one that counts.
		if heading, below, dotted := strings.Cut(name, "."); dotted {
			return nil, textf("%[1]q is written as the heading %[2]q with %[3]q below it", "%[1]q phải viết thành mục %[2]q với %[3]q bên dưới", show(name), show(heading), show(below))
		}
	}
	values = map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(k.All())) {
		value := k.Get(key)
		isGroup := func(s setting) bool { return strings.HasPrefix(s.key, key+".") }
		if below, _ := value.(map[string]any); (value == nil || below != nil && len(below) == 0) && slices.ContainsFunc(settings, isGroup) {
			continue // a heading with nothing below it
		}
		i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
		if i < 0 {
			return nil, textf("there is no setting %[1]q; there are: %[2]s", "không có thiết đặt %[1]q; các thiết đặt: %[2]s", show(key), settingKeys())
		}
		text, bad := settings[i].text(value)
		if bad != (domain.Text{}) {
			return nil, bad
		}
		values[settings[i].env] = text
	}
	return values, domain.Text{}
}

// text returns a value of a configuration file as the environment would have it,
// or what is wrong with it.
func (s setting) text(value any) (text string, bad domain.Text) {
	switch v := value.(type) {
	case nil:
		return "", bad // as if the line were not there
	case string:
		if s.check != nil && v != "" {
			bad = s.check(v)
		}
		return v, bad
	case []any:
		if s.list == "" {
			return "", textf("%s is one text, not a list", "%s là một đoạn chữ, không phải danh sách", s.key)
		}
		var all []string
		for _, one := range v {
			text, is := one.(string)
			if !is || strings.Contains(text, s.list) {
				return "", textf("%s is a list of texts without %q in them", "%s là danh sách các đoạn chữ không chứa %q", s.key, s.list)
			}
			all = append(all, text)
		}
		text = strings.Join(all, s.list)
		if s.check != nil && text != "" {
			bad = s.check(text)
		}
		return text, bad
	}
	return "", textf("%s is a text; put it between quotes", "%s là chữ; hãy đặt trong ngoặc kép", s.key)
}

// another reports whether YAML goes on with a second document, which its reader
// would leave out without a word.
func another(text []byte) bool {
	d := syntax.NewDecoder(bytes.NewReader(text))
	var one syntax.Node
	return d.Decode(&one) == nil && !errors.Is(d.Decode(&one), io.EOF)
}

func checkLanguage(v string) (bad domain.Text) {
	if v != "vi" && v != "en" {
		return textf("language is vi or en, not %q", "language là vi hoặc en, không phải %q", show(v))
	}
	return bad
}

// checkDatabase and checkServers do not quote what they refuse: there may be a
// password in it.
func checkDatabase(v string) (bad domain.Text) {
	if !postgres.IsURL(v) {
		return textf("database is an address such as postgres://USER@HOST/NAME", "database là địa chỉ dạng postgres://NGƯỜI_DÙNG@MÁY_CHỦ/TÊN")
	}
	return bad
}

func checkServers(v string) (bad domain.Text) {
	if strings.Contains(v, "@") {
		return textf("nats.url has a login in it; put an nkey into a file and name that in nats.nkey", "nats.url có thông tin đăng nhập; hãy để khoá nkey trong một tệp và ghi tệp đó ở nats.nkey")
	}
	return bad
}

func checkRoles(v string) (bad domain.Text) {
	if _, err := ledger.ParseRoles(v); err != nil {
		return textf("service.role is one or more of %[1]s, not %[2]q", "service.role là một hoặc nhiều trong %[1]s, không phải %[2]q", ledger.AllRoles(), show(v))
	}
	return bad
}

func checkListen(v string) (bad domain.Text) {
	if _, _, err := net.SplitHostPort(v); err != nil {
		return textf("service.listen is an address such as 127.0.0.1:8080, not %q", "service.listen là địa chỉ dạng 127.0.0.1:8080, không phải %q", show(v))
	}
	return bad
}

func settingKeys() string {
	var keys []string
	for _, s := range settings {
		keys = append(keys, s.key)
	}
	return strings.Join(keys, ", ")
}

func (a *app) configCommand() *cobra.Command {
	return a.group("config", "The settings that are in force, and a configuration file", a.configShowCommand(), a.configCheckCommand())
}

// settingDocument is one setting in what `config show` answers in JSON.
type settingDocument struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	// From is where the value comes from: flag, environment, file or default.
	From string `json:"from"`
	Flag string `json:"flag"`
	Env  string `json:"environment"`
}

// configDocument is what `config show` and `config check` answer in JSON.
type configDocument struct {
	File     string            `json:"file"`
	Settings []settingDocument `json:"settings"`
}

const configShowLong = `Show each setting, its value, and whether it comes from a flag, the environment, the configuration file that
--config or ROLLBOOK_CONFIG names, or is the default. A password in the address of a database is not shown.`

func (a *app) configShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show each setting and where it comes from", Long: configShowLong, Args: arguments(0, 0),
		Example: "  rollbook config show\n  rollbook config show --config /etc/rollbook/rollbook.yaml --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := configDocument{a.config.file, nil}
			for _, s := range settings {
				d.Settings = append(d.Settings, a.inForce(cmd, s))
			}
			a.showSettings(d)
			return nil
		},
	}
}

const configCheckLong = `Read a configuration file and say what is wrong with it, or what it sets. It changes nothing.`

func (a *app) configCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check FILE", Short: "Say what a configuration file sets, or what is wrong with it", Long: configCheckLong, Args: arguments(1, 1),
		Example: "  rollbook config check /etc/rollbook/rollbook.yaml",
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := readConfiguration(args[0])
			if err != nil {
				return err
			}
			if err := a.checkNeeds(args[0], c.values); err != nil {
				return err
			}
			d := configDocument{args[0], []settingDocument{}}
			for _, s := range settings {
				if v, there := c.values[s.env]; there {
					d.Settings = append(d.Settings, settingDocument{s.key, s.public(v), "file", s.flag, s.env})
				}
			}
			a.showSettings(d)
			return nil
		},
	}
}

// checkNeeds refuses a file with half of what goes together, if the environment has
// not the other half.
func (a *app) checkNeeds(file string, values map[string]string) error {
	env := func(key string) string {
		return settings[slices.IndexFunc(settings, func(s setting) bool { return s.key == key })].env
	}
	for _, n := range needs {
		if values[env(n.key)] != "" && values[env(n.needs)] == "" && a.env(env(n.needs)) == "" {
			return usage("%[1]s has %[2]s without %[3]s, which goes with it: add %[3]s to the file, or set %[4]s",
				"%[1]s có %[2]s mà thiếu %[3]s đi cùng: hãy thêm %[3]s vào tệp hoặc đặt %[4]s", show(file), n.key, n.needs, env(n.needs))
		}
	}
	return nil
}

// inForce says what a setting is for a command without flags of its own, and why.
func (a *app) inForce(cmd *cobra.Command, s setting) settingDocument {
	d := settingDocument{Key: s.key, From: "default", Flag: s.flag, Env: s.env}
	environment := a.env
	if a.environment != nil {
		environment = a.environment
	}
	switch f := cmd.Flags().Lookup(s.flag); {
	case s.on == "" && f != nil && f.Changed:
		d.Value, d.From = f.Value.String(), "flag"
		if s.list != "" {
			d.Value = strings.Join(a.signing.Anchors, s.list)
		}
	case environment(s.env) != "":
		d.Value, d.From = environment(s.env), "environment"
	case a.config.values[s.env] != "":
		d.Value, d.From = a.config.values[s.env], "file"
	default:
		d.Value = defaultOf(cmd.Root(), s)
	}
	d.Value = s.public(d.Value)
	return d
}

// defaultOf returns what a setting is that nobody has set.
func defaultOf(root *cobra.Command, s setting) string {
	cmd, _, err := root.Find(strings.Fields(s.on))
	if err != nil {
		return ""
	}
	if f := cmd.Flag(s.flag); f != nil && f.Value.Type() == "string" {
		return f.DefValue
	}
	return ""
}

// passwords is what is secret in an address: what stands between the name of a
// user and the @, and what is given as a parameter or in the words of libpq. It
// hides too much rather than too little, because mistakes are where passwords are
// that should not be.
var passwords = regexp.MustCompile(`(?i)(://[^:/@\s]*:)\S*@|((?:ssl)?password\s*=\s*)(?:'(?:[^'\\]|\\.)*'|[^\s&]+)`)

// public returns a value with xxxxx for each password in it. In the address of a
// NATS server all of a login is secret.
func (s setting) public(v string) string {
	if i := strings.LastIndex(v, "@"); s.key == "nats.url" && i >= 0 {
		return "xxxxx" + v[i:]
	}
	return passwords.ReplaceAllStringFunc(v, func(found string) string {
		m := passwords.FindStringSubmatch(found)
		if m[1] != "" {
			return m[1] + "xxxxx@"
		}
		return m[2] + "xxxxx"
	})
}

func (a *app) showSettings(d configDocument) {
	if a.json {
		a.out.document(d)
		return
	}
	from := map[string]string{
		"flag": a.say("flag", "tham số"), "environment": a.say("environment", "biến môi trường"),
		"file": a.say("file", "tệp"), "default": a.say("default", "mặc định"),
	}
	if d.File != "" {
		a.out.line(fmt.Sprintf(a.say("Configuration file: %s", "Tệp cấu hình: %s"), show(d.File)))
	}
	var rows [][]string
	for _, s := range d.Settings {
		rows = append(rows, []string{s.Key, show(s.Value), from[s.From], "--" + s.Flag, s.Env})
	}
	a.table([]column{
		{head: a.say("Setting", "Thiết đặt")},
		{head: a.say("Value", "Giá trị"), most: 60},
		{head: a.say("From", "Từ")},
		{head: a.say("Flag", "Tham số")},
		{head: a.say("Variable", "Biến")},
	}, rows, nil)
}
