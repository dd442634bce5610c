{{- define "continuity.labels" -}}
app.kubernetes.io/part-of: signature-continuity
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* An artifact by tag and, where it is pinned, by digest. */}}
{{- define "continuity.artifact" -}}
{{- $artifact := index . 0 -}}
{{- $chart := index . 1 -}}
{{ $artifact.repository }}:{{ $artifact.tag | default (printf "v%s" $chart.AppVersion) }}{{ with $artifact.digest }}@{{ . }}{{ end }}
{{- end }}

{{- /* A policy, as it is applied and as the learner reads it. */}}
{{- define "continuity.policy" -}}
{{- $name := index . 0 -}}
{{- $ := index . 1 -}}
{{- $enforces := eq $name "enforce" -}}
{{- $namespaces := $.Values.enforce.namespaces -}}
{{- $key := "kubernetes.io/metadata.name" -}}
{{- $settings := deepCopy $.Values.settings -}}
{{- if ne $.Values.namespace "signature-continuity" -}}
{{- $_ := set $settings "baseline" (merge (dict "namespace" $.Values.namespace) ($settings.baseline | default dict)) -}}
{{- end -}}
{{- if $enforces -}}
{{- $_ := set $settings "enforce" (list (dict "namespaces" $namespaces)) -}}
{{- else -}}
{{- $_ := set $settings "unenforced" $.Values.audit.unenforced -}}
{{- end -}}
apiVersion: policies.kubewarden.io/v1
kind: ClusterAdmissionPolicy
metadata:
  name: signature-continuity-{{ $name }}
  labels:
    {{- include "continuity.labels" $ | nindent 4 }}
spec:
  module: registry://{{ include "continuity.artifact" (list $.Values.module $.Chart) }}
  policyServer: signature-continuity
  mode: {{ $enforces | ternary "protect" "monitor" }}
  failurePolicy: {{ $enforces | ternary $.Values.enforce.failurePolicy "Ignore" }}
  timeoutSeconds: 10
  timeoutEvalSeconds: 5
  backgroundAudit: true
  mutating: false
  contextAwareResources:
    - {apiVersion: v1, kind: ConfigMap}
  namespaceSelector:
    matchExpressions:
      {{- if $namespaces }}
      - {key: {{ $key }}, operator: {{ $enforces | ternary "In" "NotIn" }}, values: {{ toJson $namespaces }}}
      {{- else }}
      - {key: {{ $key }}, operator: Exists}
      {{- end }}
  rules:
    - {apiGroups: [""], apiVersions: ["v1"], resources: ["pods", "replicationcontrollers"], operations: ["CREATE", "UPDATE"]}
    - {apiGroups: [""], apiVersions: ["v1"], resources: ["pods/ephemeralcontainers"], operations: ["UPDATE"]}
    - {apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments", "replicasets", "statefulsets", "daemonsets"], operations: ["CREATE", "UPDATE"]}
    - {apiGroups: ["batch"], apiVersions: ["v1"], resources: ["jobs", "cronjobs"], operations: ["CREATE", "UPDATE"]}
  settings:
    {{- toYaml $settings | nindent 4 }}
{{- end }}

{{- /* The policy that the learner has its settings from. */}}
{{- define "continuity.learnersPolicy" -}}
{{- include "continuity.policy" (list (.Values.enforce.namespaces | empty | ternary "audit" "enforce") .) }}
{{- end }}

{{- /* The learner's pod. */}}
{{- define "continuity.pod" -}}
{{- $name := index . 0 -}}
{{- $ := index . 1 -}}
{{- $stays := eq $name "continuity-watch" -}}
metadata:
  labels: {app.kubernetes.io/name: {{ $name }}}
  annotations:
    # A changed policy rolls the pods.
    checksum/policy: {{ include "continuity.learnersPolicy" $ | sha256sum }}
spec:
  {{- if $stays }}
  terminationGracePeriodSeconds: 30
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {app.kubernetes.io/name: {{ $name }}}
  {{- else }}
  restartPolicy: Never
  {{- end }}
  serviceAccountName: continuity-learner
  automountServiceAccountToken: true
  enableServiceLinks: false
  {{- with $.Values.pullSecret }}
  imagePullSecrets:
    - name: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: continuity
      image: {{ include "continuity.artifact" (list $.Values.image $.Chart) }}
      args:
        - {{ $stays | ternary "watch" "learn" }}
        - --policy
        - /etc/continuity/policy.yaml
        - --store
        - kubernetes
        {{- if $stays }}
        - --every
        - {{ $.Values.learner.every }}
        {{- else }}
        - --kubernetes
        {{- end }}
        - --history
        - --ahead
        {{- if $stays }}
        - --listen
        - 0.0.0.0:8080
        {{- if $.Values.learner.reports }}
        - --reports
        {{- end }}
        {{- end }}
        {{- if $.Values.pullSecret }}
        - --docker-config-json-path
        - /etc/continuity/docker/config.json
        {{- end }}
        {{- if $.Values.sigstoreTrustConfig }}
        - --sigstore-trust-config
        - /etc/continuity/sigstore/trust-config.json
        {{- end }}
      env:
        {{- if $stays }}
        - name: POD_NAME
          valueFrom: {fieldRef: {fieldPath: metadata.name}}
        - name: POD_IP
          valueFrom: {fieldRef: {fieldPath: status.podIP}}
        {{- end }}
        - name: XDG_CACHE_HOME
          value: /var/cache/continuity
      {{- if $stays }}
      ports:
        - {name: http, containerPort: 8080}
      livenessProbe:
        httpGet: {path: /healthz, port: http}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /readyz, port: http}
        periodSeconds: 5
        timeoutSeconds: 5
      {{- end }}
      resources:
        {{- toYaml $.Values.learner.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: ["ALL"]}
      volumeMounts:
        - {name: policy, mountPath: /etc/continuity/policy.yaml, subPath: policy.yaml, readOnly: true}
        - {name: cache, mountPath: /var/cache/continuity}
        {{- if $.Values.pullSecret }}
        - {name: registries, mountPath: /etc/continuity/docker, readOnly: true}
        {{- end }}
        {{- if $.Values.sigstoreTrustConfig }}
        - {name: sigstore, mountPath: /etc/continuity/sigstore, readOnly: true}
        {{- end }}
  volumes:
    - name: policy
      configMap: {name: continuity-policy}
    - name: cache
      emptyDir: {sizeLimit: 64Mi}
    {{- with $.Values.pullSecret }}
    - name: registries
      secret: {secretName: {{ . }}, items: [{key: .dockerconfigjson, path: config.json}]}
    {{- end }}
    {{- with $.Values.sigstoreTrustConfig }}
    - name: sigstore
      configMap: {name: {{ . }}, items: [{key: sigstore-trust-config, path: trust-config.json}]}
    {{- end }}
{{- end }}

{{- /* What the learner may reach. */}}
{{- define "continuity.egress" -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
- ports:
    {{- range .Values.learner.networkPolicy.ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end }}
