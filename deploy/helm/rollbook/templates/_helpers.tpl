{{- define "rollbook.name" -}}
{{ .Release.Name | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "rollbook.selector" -}}
app.kubernetes.io/name: rollbook
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "rollbook.labels" -}}
{{ include "rollbook.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* What does not go together is refused here; how each value looks, in values.schema.json. */ -}}
{{- define "rollbook.check" -}}
{{- if not (or .Values.url .Values.tls.secret) }}{{ fail "give url, if a proxy in front speaks TLS, or tls.secret: passwords would go over the network in clear" }}{{ end }}
{{- if ne (empty .Values.nats.url) (empty .Values.nats.secret) }}{{ fail "nats.url and nats.secret go together" }}{{ end }}
{{- if ne (empty .Values.oidc.issuer) (empty .Values.oidc.clientID) }}{{ fail "oidc.issuer and oidc.clientID go together" }}{{ end }}
{{- if and .Values.metrics.serviceMonitor (not .Values.metrics.tokenSecret) }}{{ fail "metrics.serviceMonitor needs metrics.tokenSecret: /metrics is shown to operators" }}{{ end }}
{{- if and .Values.metrics.serviceMonitor .Values.tls.secret (not .Values.metrics.serverName) }}{{ fail "metrics.serviceMonitor needs metrics.serverName, the name in the certificate, where the service speaks TLS" }}{{ end }}
{{- end }}

{{- /* The configuration file: docs/configuration.md. The log's own keys are made in the data directory. */ -}}
{{- define "rollbook.config" -}}
master_key: /keys/master.key
{{- with .Values.database.url }}
database: {{ . | quote }}
{{- end }}
{{- with .Values.nats.url }}
nats:
  url: {{ . | quote }}
  ca: /keys/ca.pem
  nkey: /keys/writer.nk
  feed_nkey: /keys/publisher.nk
{{- end }}
service:
  listen: 0.0.0.0:8080
{{- with .Values.url }}
  url: {{ . | quote }}
{{- end }}
{{- if .Values.tls.secret }}
  tls_cert: /tls/tls.crt
  tls_key: /tls/tls.key
{{- end }}
{{- if .Values.oidc.issuer }}
oidc:
  issuer: {{ .Values.oidc.issuer | quote }}
  client_id: {{ .Values.oidc.clientID | quote }}
{{- if .Values.oidc.secret }}
  client_secret: /keys/client-secret
{{- end }}
{{- end }}
{{- with .Values.settings }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "rollbook.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
  scheme: {{ if .tls }}HTTPS{{ else }}HTTP{{ end }}
{{- end }}

{{- define "rollbook.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
