{{- /* A settings.env as a map in YAML. */ -}}
{{- define "settings" -}}
{{- range splitList "\n" . }}
{{- if and (contains "=" .) (not (hasPrefix "#" .)) }}
{{- $name := regexFind "^[^=]+" . }}
{{ $name }}: {{ trimPrefix (printf "%s=" $name) . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Whether a kind has no namespace. */ -}}
{{- define "clusterScoped" -}}
{{- if has . (list "ClusterRole" "ClusterRoleBinding" "PriorityClass" "ValidatingAdmissionPolicy" "ValidatingAdmissionPolicyBinding") }}yes{{ end }}
{{- end }}

{{- /*
An object of a kustomization as this release has it: its namespace, and the label that kustomize adds to objects and pods.
Takes object and namespace.
*/ -}}
{{- define "object" -}}
{{- $object := .object }}
{{- $partOf := dict "app.kubernetes.io/part-of" "log-distributor" }}
{{- $metadata := $object.metadata }}
{{- $_ := set $metadata "labels" (merge (dict) $partOf (default (dict) $metadata.labels)) }}
{{- if not (include "clusterScoped" $object.kind) }}
{{- $_ := set $metadata "namespace" .namespace }}
{{- end }}
{{- if hasKey $object "subjects" }}
{{- range $object.subjects }}{{ $_ := set . "namespace" $.namespace }}{{ end }}
{{- end }}
{{- if and (hasKey $object "spec") (kindIs "map" $object.spec) (hasKey $object.spec "template") }}
{{- $template := $object.spec.template.metadata }}
{{- $_ := set $template "labels" (merge (dict) $partOf (default (dict) $template.labels)) }}
{{- end }}
{{- toYaml $object }}
{{- end }}
