#!/usr/bin/env bash
# usage: scripts/kube-apiserver.sh
#
# Puts etcd, as Debian packages it, into .cache/tools/etcd, and a Kubernetes API server and controller manager into
# .cache/tools/kube-apiserver and .cache/tools/kube-controller-manager, built once from the source package of Debian 12
# (1.20.2: some minutes on two cores, about 1.5 GB while they build). Does nothing for a program that is there already, or
# that ETCD_BIN, KUBE_APISERVER_BIN or KUBE_CONTROLLER_MANAGER_BIN names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/debian.sh
. scripts/debian.sh
tools=$PWD/.cache/tools
mkdir -p "$tools"
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

if [[ -z ${ETCD_BIN:-} && ! -x $tools/etcd ]]; then
  echo "fetching etcd" >&2
  from_debian trixie etcd-server "$work/etcd"
  mv "$work/etcd/usr/bin/etcd" "$tools/etcd"
fi
# Earlier builds of ours crashed on custom resources or refused some: the version says which it is.
version=v1.20.2+go1.19.2
missing=()
[[ -n ${KUBE_APISERVER_BIN:-} || (-x $tools/kube-apiserver && $("$tools/kube-apiserver" --version) == "Kubernetes $version") ]] ||
  missing+=(kube-apiserver)
[[ -n ${KUBE_CONTROLLER_MANAGER_BIN:-} || -x $tools/kube-controller-manager ]] || missing+=(kube-controller-manager)
((${#missing[@]} > 0)) || exit 0

echo "building ${missing[*]}: some minutes" >&2
# The compiler of the source package's own suite: newer ones no longer build outside of modules.
from_debian bookworm golang-1.19-go "$work/toolchain"
from_debian bookworm golang-1.19-src "$work/toolchain"
debian_source bookworm kubernetes "$work/package"
source=$work/go/src/k8s.io/kubernetes
mkdir -p "$source"
tar --extract --file "$work"/package/kubernetes_*.orig.tar.* --strip-components 1 --directory "$source"
export GOROOT=$work/toolchain/usr/lib/go-1.19 GOPATH=$work/go GOCACHE=$work/go-cache GO111MODULE=off CGO_ENABLED=0 GOFLAGS=
PATH=$GOROOT/bin:$PATH
cd "$source"

# Written for Go 1.15. Since 1.18 the caller allocates a map's iterator, and the vendored reflect2 does not know: without this
# the server crashes when it reads a custom resource.
reflect2=vendor/github.com/modern-go/reflect2
sed -i 's/^func mapiterinit(.*$/func mapiterinit(rtype unsafe.Pointer, m unsafe.Pointer, it *hiter)/
  s|^\t// rest fields are ignored$|\trest [6]unsafe.Pointer; startBucket uintptr; bytes [4]uint8; bucket, checkBucket uintptr|' $reflect2/unsafe_link.go
sed -i 's/^\treturn &UnsafeMapIterator{$/\tvar it hiter\n\tmapiterinit(type2.rtype, *(*unsafe.Pointer)(obj), \&it)\n&/
  s/^\t\thiter: .*$/\t\thiter: \&it,/' $reflect2/unsafe_map.go
# And zero values compare as equal since, so that an empty string in a custom resource would be refused as null.
types=vendor/k8s.io/kube-openapi/pkg/validation/validate/type.go
sed -i 's/^\tif data == nil || reflect\.DeepEqual(reflect\.Zero(.*$/\tif data == nil {/' $types
grep -q '^	if data == nil {$' $types && grep -q 'it \*hiter)' $reflect2/unsafe_link.go && grep -q 'startBucket' $reflect2/unsafe_link.go && grep -q 'hiter: &it' $reflect2/unsafe_map.go

# The package leaves the generated OpenAPI definitions out, and the server does not compile without them.
go build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
inputs=$(grep --recursive --files-with-matches --include='*.go' '+k8s:openapi-gen=true' staging/src/k8s.io pkg |
  grep --invert-match --extended-regexp '_test|testdata' | xargs --max-args 1 dirname | sort --unique |
  sed 's|^staging/src/|k8s.io/kubernetes/vendor/|; s|^pkg|k8s.io/kubernetes/pkg|' |
  grep --invert-match --extended-regexp 'sample|example|code-generator' | paste --serial --delimiters=,)
"$work/openapi-gen" --go-header-file hack/boilerplate/boilerplate.generatego.txt --output-file-base zz_generated.openapi \
  --output-package k8s.io/kubernetes/pkg/generated/openapi --report-filename "$work/violations" \
  --input-dirs "$inputs" --output-base "$work/go/src"
component=k8s.io/kubernetes/vendor/k8s.io/component-base/version
for program in "${missing[@]}"; do
  go build -ldflags "-s -w -X $component.gitVersion=$version -X $component.gitMajor=1 -X $component.gitMinor=20" \
    -o "$work/$program" "./cmd/$program"
  mv "$work/$program" "$tools/$program"
done
