#!/bin/sh
# Makes the secrets that docker-compose.yml needs, in the folder secrets/ beside
# this file: random passwords and, for the host name given, a certificate signed
# by an authority of its own (give ca.crt to whoever sets up the devices, or put
# your own server.crt and server.key there). What exists already is kept.
#
#   docs/deploy/make-secrets.sh care.example.org
set -eu
host=${1:?usage: make-secrets.sh HOSTNAME}
dir=${SECRETS_DIR:-$(dirname "$0")/secrets}

umask 077
mkdir -p "$dir"
# The folder is closed to everybody else on this machine. The files in it are
# readable: a container's user is another one than ours, and Docker shows it
# the file with the rights it has here.
chmod 700 "$dir"
keep() { # keep FILE MODE: moves FILE.new into place
	chmod "$2" "$dir/$1.new"
	mv "$dir/$1.new" "$dir/$1"
	echo "made $dir/$1"
}

for name in mqtt_password influxdb_password influxdb_token; do
	[ -s "$dir/$name" ] && continue
	head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' > "$dir/$name.new" # 256 bits
	keep "$name" 444
done

if [ ! -s "$dir/server.crt" ] || [ ! -s "$dir/server.key" ]; then
	if [ ! -s "$dir/ca.key" ]; then
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=Shouwang CA" \
			-keyout "$dir/ca.key.new" -out "$dir/ca.crt.new" 2> /dev/null
		keep ca.key 400
		keep ca.crt 444
	fi
	case $host in
	*[!0-9.]*) alt=DNS:$host ;;
	*) alt=IP:$host ;;
	esac
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$host" \
		-keyout "$dir/server.key.new" -out "$dir/server.csr" 2> /dev/null
	printf 'subjectAltName=%s,DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n' "$alt" > "$dir/server.ext"
	openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial -days 825 \
		-extfile "$dir/server.ext" -out "$dir/server.crt.new" 2> /dev/null
	rm -f "$dir/server.csr" "$dir/server.ext"
	keep server.key 444
	keep server.crt 444
fi
