#!/bin/sh
# Starts Mosquitto in its container: enters the service's own two users into the
# password file, beside the devices that are there already, and leaves the
# health check its options. No password is ever an argument.
set -eu
umask 077
data=${MOSQUITTO_DATA:-/mosquitto/data}
config=${MOSQUITTO_CONFIG:-/mosquitto/config/mosquitto.conf}
secret=${MQTT_PASSWORD_FILE:-/run/secrets/mqtt_password}
owner=${MOSQUITTO_USER:-mosquitto}

password=$(cat "$secret")
printf 'shouwang:%s\nshouwang-canary:%s\n' "$password" "$password" > "$data/passwords.new"
mosquitto_passwd -U "$data/passwords.new"
if [ -f "$data/passwords" ]; then
	grep -v -e '^shouwang:' -e '^shouwang-canary:' "$data/passwords" >> "$data/passwords.new" || [ $? -eq 1 ]
fi
chown "$owner" "$data" "$data/passwords.new"
mv "$data/passwords.new" "$data/passwords"

# mosquitto_sub reads its options from here.
mkdir -p "${XDG_CONFIG_HOME:=$HOME/.config}"
printf -- '-u shouwang\n-P %s\n' "$password" > "$XDG_CONFIG_HOME/mosquitto_sub"

exec mosquitto -c "$config"
