// Package helm renders the chart and reads what comes out as Kubernetes does, with
// its own types: a field that they do not have is a mistake of the chart.
package helm

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// ServiceMonitor is what the chart uses of the Prometheus operator's type.
type ServiceMonitor struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		JobLabel  string               `json:"jobLabel"`
		Selector  metav1.LabelSelector `json:"selector"`
		Endpoints []struct {
			Port          string                      `json:"port"`
			Path          string                      `json:"path"`
			Interval      string                      `json:"interval"`
			Scheme        string                      `json:"scheme"`
			TLSConfig     struct{ ServerName string } `json:"tlsConfig"`
			Authorization struct {
				Credentials corev1.SecretKeySelector `json:"credentials"`
			} `json:"authorization"`
		} `json:"endpoints"`
	} `json:"spec"`
}

const chart = "rollbook"

// sets are the values that the chart is rendered with, and the objects that come out.
var sets = map[string]struct {
	over  string // a file, or YAML
	kinds []string
}{
	"default": {"url: https://rollbook.example", []string{"ConfigMap", "NetworkPolicy", "Service", "StatefulSet"}},
	"cluster": {"values.cluster.yaml", []string{"ConfigMap", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceMonitor", "StatefulSet"}},
}

// defaults returns the values of the chart, with others laid over them.
func defaults(t *testing.T, over string) map[string]any {
	t.Helper()
	var values, more map[string]any
	if err := readYAML(filepath.Join(chart, "values.yaml"), &values); err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(over, ".yaml") {
		if err := readYAML(over, &more); err != nil {
			t.Fatal(err)
		}
	} else if err := yaml.UnmarshalStrict([]byte(over), &more); err != nil {
		t.Fatal(err)
	}
	return merged(values, more)
}

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join(chart, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What Kubernetes gets is committed as well: for whoever reviews a change of the
// chart or has no Helm, and for the tests that hold it to the program.
func TestChart(t *testing.T) {
	for name, set := range sets {
		t.Run(name, func(t *testing.T) {
			values := defaults(t, set.over)
			if err := schema(t).Validate(plain(t, values)); err != nil {
				t.Fatalf("the values: %v", err)
			}
			rendered, err := render(chart, values)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(rendered["templates/NOTES.txt"], "kubectl logs -n ledger rollbook-0") {
				t.Errorf("the notes: %s", rendered["templates/NOTES.txt"])
			}
			all := joined(rendered)
			golden := filepath.Join("rendered", name+".yaml")
			if os.Getenv("UPDATE_CHART") != "" {
				if err := os.WriteFile(golden, []byte(all), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(golden); err != nil || string(want) != all {
				t.Errorf("%s is not what the chart gives (%v); run UPDATE_CHART=1 go test . in deploy/helm. It should be\n%s", golden, err, all)
			}
			read(t, all, set.kinds)
		})
	}
}

// read reads objects strictly and looks at those that run something.
func read(t *testing.T, all string, kinds []string) {
	t.Helper()
	var found []string
	for _, text := range strings.Split(all, "---\n")[1:] {
		var head metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(text), &head); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		found = append(found, head.Kind)
		into, ok := map[string]any{
			"v1 ConfigMap": &corev1.ConfigMap{}, "v1 Service": &corev1.Service{}, "apps/v1 StatefulSet": &appsv1.StatefulSet{},
			"networking.k8s.io/v1 NetworkPolicy": &networkingv1.NetworkPolicy{}, "policy/v1 PodDisruptionBudget": &policyv1.PodDisruptionBudget{},
			"monitoring.coreos.com/v1 ServiceMonitor": &ServiceMonitor{},
		}[head.APIVersion+" "+head.Kind]
		if !ok {
			t.Fatalf("an object of kind %s in %s", head.Kind, head.APIVersion)
		}
		if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
			t.Errorf("%s: %v\n%s", head.Kind, err, text)
		}
		if s, is := into.(*appsv1.StatefulSet); is {
			mustBeConfined(t, s.Spec.Template.Spec)
			mustMatch(t, s)
		}
	}
	if slices.Sort(found); !slices.Equal(found, kinds) {
		t.Errorf("the objects are %v, not %v", found, kinds)
	}
}

// mustBeConfined asks for what the restricted Pod Security Standard does, and more
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
func mustBeConfined(t *testing.T, pod corev1.PodSpec) {
	t.Helper()
	s := pod.SecurityContext
	if !*s.RunAsNonRoot || *s.RunAsUser == 0 || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault || *pod.AutomountServiceAccountToken || *pod.EnableServiceLinks {
		t.Errorf("the pod may do more than it needs: %+v", s)
	}
	// Otherwise the keys of the ledger are opened to the group at each start.
	if s.FSGroupChangePolicy == nil || *s.FSGroupChangePolicy != corev1.FSGroupChangeOnRootMismatch {
		t.Error("the modes of files are changed at each start")
	}
	for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
		sc := c.SecurityContext
		if *sc.AllowPrivilegeEscalation || !*sc.ReadOnlyRootFilesystem || !slices.Equal(sc.Capabilities.Drop, []corev1.Capability{"ALL"}) || len(sc.Capabilities.Add) > 0 {
			t.Errorf("%s may do more than it needs: %+v", c.Name, sc)
		}
		if c.Resources.Limits.Memory().IsZero() || c.Resources.Requests.Memory().Cmp(*c.Resources.Limits.Memory()) > 0 {
			t.Errorf("%s has no bounds: %+v", c.Name, c.Resources)
		}
		if _, tag, ok := strings.Cut(c.Image[strings.LastIndex(c.Image, "/")+1:], ":"); !ok || tag == "latest" {
			t.Errorf("the image %s has no version", c.Image)
		}
		for _, e := range c.Env {
			if strings.Contains(e.Name, "PASSWORD") && e.Value != "" {
				t.Errorf("%s is written in the open", e.Name)
			}
		}
	}
}

// mustMatch fails if one part of a set does not find another.
func mustMatch(t *testing.T, s *appsv1.StatefulSet) {
	t.Helper()
	volumes := map[string]bool{}
	for _, v := range s.Spec.Template.Spec.Volumes {
		volumes[v.Name] = true
	}
	for _, v := range s.Spec.VolumeClaimTemplates {
		volumes[v.Name] = true
	}
	for _, c := range slices.Concat(s.Spec.Template.Spec.InitContainers, s.Spec.Template.Spec.Containers) {
		for _, m := range c.VolumeMounts {
			if !volumes[m.Name] {
				t.Errorf("%s mounts %s, which is not there", c.Name, m.Name)
			}
		}
	}
	for name, value := range s.Spec.Selector.MatchLabels {
		if s.Spec.Template.Labels[name] != value {
			t.Errorf("the set does not find its own pods by %s", name)
		}
	}
	c := s.Spec.Template.Spec.Containers[0]
	for _, p := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		if p.HTTPGet.Port.StrVal != c.Ports[0].Name {
			t.Errorf("a probe asks at port %s", p.HTTPGet.Port.String())
		}
	}
}

func TestChartRefuses(t *testing.T) {
	s := schema(t)
	for _, c := range []struct{ over, why string }{
		{"{}", "in clear"},
		{"{url: 'http://rollbook.example'}", "does not match pattern"},
		{"{url: 'https://rollbook.example', image: {repository: rollbook, tag: latest}}", "'not' failed"},
		{"{url: 'https://rollbook.example', keysImage: busybox}", "does not match pattern"},
		{"{url: 'https://rollbook.example', masterKey: {secret: ''}}", "does not match pattern"},
		{"{url: 'https://rollbook.example', nats: {url: 'nats://n1:4222', secret: a}}", "does not match pattern"},
		{"{url: 'https://rollbook.example', nats: {url: 'tls://n1:4222'}}", "nats.secret go together"},
		{"{url: 'https://rollbook.example', database: {url: 'postgres://rollbook:secret@db/rollbook'}}", "does not match pattern"},
		{"{url: 'https://rollbook.example', oidc: {issuer: 'https://login.example'}}", "oidc.clientID go together"},
		{"{url: 'https://rollbook.example', settings: {data: /elsewhere}}", "additional properties 'data' not allowed"},
		{"{url: 'https://rollbook.example', metrics: {serviceMonitor: true}}", "needs metrics.tokenSecret"},
		{"{tls: {secret: a}, metrics: {serviceMonitor: true, tokenSecret: b}}", "needs metrics.serverName"},
		{"{url: 'https://rollbook.example', replicas: 2}", "additional properties 'replicas' not allowed"},
	} {
		values := defaults(t, c.over)
		err := s.Validate(plain(t, values))
		if err == nil {
			_, err = render(chart, values)
		}
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want %q", c.over, err, c.why)
		}
	}
}

// plain returns values as a JSON reader gives them.
func plain(t *testing.T, values map[string]any) any {
	t.Helper()
	b, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
