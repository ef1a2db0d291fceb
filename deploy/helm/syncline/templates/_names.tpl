{{/* Names, labels and the environment that all templates share. */}}

{{- define "syncline.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "syncline.labels" -}}
app.kubernetes.io/name: syncline
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What a service's pods are selected by. In: dict root, service. */}}
{{- define "syncline.selector" -}}
app.kubernetes.io/name: syncline
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .service }}
{{- end }}

{{- define "syncline.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "syncline.serviceAccount" -}}
{{- if .Values.serviceAccount.name }}{{ .Values.serviceAccount.name }}{{ else if .Values.serviceAccount.create }}{{ include "syncline.name" . }}{{ else }}default{{ end }}
{{- end }}

{{/* One service's values: the defaults, and what it says otherwise. In: dict root, service. Out: YAML. */}}
{{- define "syncline.service" -}}
{{- $own := index .root.Values.services .service | default dict -}}
{{- mergeOverwrite (deepCopy .root.Values.defaults) (deepCopy $own) | toYaml -}}
{{- end }}

{{/* Most useful pods of a service that scales by lag. In: dict root, most. */}}
{{- define "syncline.ceiling" -}}
{{- min (int .most) (int .root.Values.kafka.partitions) -}}
{{- end }}

{{/* Refuses a least number of pods above the most. In: dict service, min, most. */}}
{{- define "syncline.inOrder" -}}
{{- if gt (int .min) (int .most) }}{{ fail (printf "services.%s.autoscaling.min: %v is more than the most, %v" .service .min .most) }}{{ end -}}
{{- end }}

{{/* A reference to a key of a secret. In: dict name, key. */}}
{{- define "syncline.secretKey" -}}
valueFrom: { secretKeyRef: { name: {{ .name | quote }}, key: {{ .key | quote }} } }
{{- end }}

{{/* Which value a setting is made of, where that is not `settings`: an API server takes no variable twice. */}}
{{- define "syncline.places" -}}
POSTGRES_DSN: postgres.secret
SECRET_KEYS: keysSecret
MESSAGE_KEYS: keysSecret
KAFKA_BOOTSTRAP: kafka.bootstrap
KAFKA_PREFIX: kafka.prefix
KAFKA_PARTITIONS: kafka.partitions
KAFKA_REPLICATION: kafka.replication
KAFKA_SECURITY: kafka.security
KAFKA_SASL_MECHANISM: kafka.saslMechanism
KAFKA_USERNAME: kafka.userSecret
KAFKA_PASSWORD: kafka.userSecret
KAFKA_CA_FILE: kafka.caSecret
KAFKA_CERT_FILE: kafka.certSecret
KAFKA_KEY_FILE: kafka.certSecret
PUBLIC_URL: gateway.publicUrl
{{- end }}

{{/* The environment. In: dict root, service, settings, postgresSecret, userSecret; withoutKafka, of what speaks to PostgreSQL alone. */}}
{{- define "syncline.environment" -}}
{{- $values := .root.Values -}}
- name: SYNCLINE_POSTGRES_DSN
  {{ include "syncline.secretKey" (dict "name" (replace "SERVICE" .service .postgresSecret) "key" "dsn") }}
- name: SYNCLINE_SECRET_KEYS
  {{ include "syncline.secretKey" (dict "name" $values.keysSecret "key" "secret-keys") }}
- name: SYNCLINE_MESSAGE_KEYS
  {{ include "syncline.secretKey" (dict "name" $values.keysSecret "key" "message-keys") }}
{{- if not .withoutKafka }}
- { name: SYNCLINE_KAFKA_BOOTSTRAP, value: {{ $values.kafka.bootstrap | quote }} }
- { name: SYNCLINE_KAFKA_PREFIX, value: {{ $values.kafka.prefix | quote }} }
- { name: SYNCLINE_KAFKA_PARTITIONS, value: {{ $values.kafka.partitions | quote }} }
- { name: SYNCLINE_KAFKA_REPLICATION, value: {{ $values.kafka.replication | quote }} }
- { name: SYNCLINE_KAFKA_SECURITY, value: {{ $values.kafka.security | quote }} }
{{- if and $values.strimzi.enabled (not .userSecret) (hasPrefix "SASL" $values.kafka.security) }}
{{- $user := printf "%s-%s" (include "syncline.name" .root) .service }}
- { name: SYNCLINE_KAFKA_SASL_MECHANISM, value: SCRAM-SHA-512 }
- { name: SYNCLINE_KAFKA_USERNAME, value: {{ $user | quote }} }
- name: SYNCLINE_KAFKA_PASSWORD
  {{ include "syncline.secretKey" (dict "name" $user "key" "password") }}
{{- else if .userSecret }}
- { name: SYNCLINE_KAFKA_SASL_MECHANISM, value: {{ $values.kafka.saslMechanism | quote }} }
- name: SYNCLINE_KAFKA_USERNAME
  {{ include "syncline.secretKey" (dict "name" (replace "SERVICE" .service .userSecret) "key" "username") }}
- name: SYNCLINE_KAFKA_PASSWORD
  {{ include "syncline.secretKey" (dict "name" (replace "SERVICE" .service .userSecret) "key" "password") }}
{{- end }}
{{- if $values.kafka.caSecret }}
- { name: SYNCLINE_KAFKA_CA_FILE, value: /etc/syncline/kafka/ca.crt }
{{- end }}
{{- if $values.kafka.certSecret }}
- { name: SYNCLINE_KAFKA_CERT_FILE, value: /etc/syncline/kafka-client/tls.crt }
- { name: SYNCLINE_KAFKA_KEY_FILE, value: /etc/syncline/kafka-client/tls.key }
{{- end }}
{{- end }}
{{- if $values.gateway.publicUrl }}
- { name: SYNCLINE_PUBLIC_URL, value: {{ $values.gateway.publicUrl | quote }} }
{{- end }}
{{- $places := include "syncline.places" . | fromYaml }}
{{- range $name, $value := mergeOverwrite (deepCopy $values.settings) (deepCopy .settings) }}
{{- with index $places $name }}{{ fail (printf "settings.%s: the chart sets it by %s" $name .) }}{{ end }}
- { name: SYNCLINE_{{ $name }}, value: {{ $value | toString | quote }} }
{{- end }}
{{- end }}

{{/* What is mounted. In: dict root, service. */}}
{{- define "syncline.mounts" -}}
- { name: tmp, mountPath: /tmp }
{{- if .root.Values.kafka.caSecret }}
- { name: kafka-ca, mountPath: /etc/syncline/kafka, readOnly: true }
{{- end }}
{{- if .root.Values.kafka.certSecret }}
- { name: kafka-client, mountPath: /etc/syncline/kafka-client, readOnly: true }
{{- end }}
{{- if .root.Values.postgres.caSecret }}
- { name: postgres-ca, mountPath: /etc/syncline/postgres, readOnly: true }
{{- end }}
{{- if include "syncline.usesFiles" . }}
- { name: files, mountPath: /var/lib/syncline/files }
{{- end }}
{{- end }}

{{- define "syncline.volumes" -}}
- name: tmp
  emptyDir: {}
{{- with .root.Values.kafka.caSecret }}
- name: kafka-ca
  secret: { secretName: {{ . | quote }} }
{{- end }}
{{- with .root.Values.kafka.certSecret }}
- name: kafka-client
  secret: { secretName: {{ . | quote }} }
{{- end }}
{{- with .root.Values.postgres.caSecret }}
- name: postgres-ca
  secret: { secretName: {{ . | quote }} }
{{- end }}
{{- if include "syncline.usesFiles" . }}
- name: files
  persistentVolumeClaim: { claimName: {{ .root.Values.files.existingClaim | default (printf "%s-files" (include "syncline.name" .root)) | quote }} }
{{- end }}
{{- end }}

{{/* Those that open connectors: "yes" or nothing. In: dict root, service. */}}
{{- define "syncline.usesFiles" -}}
{{- if and .root.Values.files.enabled (has .service (list "ingest" "execute" "gateway")) -}}yes{{- end -}}
{{- end }}

{{/* User 10001, nothing to write but /tmp and the files, no capability. */}}
{{- define "syncline.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "syncline.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* A container. In: dict root, service (whose environment it has), name, args, resources, settings, postgresSecret, userSecret, withoutKafka. */}}
{{- define "syncline.container" -}}
- name: {{ .name }}
  image: {{ include "syncline.image" .root | quote }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  args: {{ .args | toJson }}
  resources:
    {{- toYaml .resources | nindent 4 }}
  securityContext:
    {{- include "syncline.containerSecurity" .root | nindent 4 }}
  env:
    {{- include "syncline.environment" . | nindent 4 }}
  {{- with .root.Values.envFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumeMounts:
    {{- include "syncline.mounts" . | nindent 4 }}
{{- end }}

{{- define "syncline.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}
