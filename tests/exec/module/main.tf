# A build machine for tests: an SSH server on a loopback address. It needs no provider that must be downloaded.
variable "machine" { type = string }
variable "type" { type = string }
variable "host_key" {
  type      = string
  sensitive = true
}
variable "host_key_public" { type = string }
variable "network" { type = string }
variable "folder" { type = string }

resource "terraform_data" "machine" {
  input = {
    address = "${var.network}.${parseint(element(split("-", var.machine), -1), 10) + 1}"
    home    = "${var.folder}/${var.machine}"
  }
  provisioner "local-exec" {
    command = "${path.module}/machine up '${self.input.home}' '${self.input.address}'"
    environment = {
      HOST_KEY = nonsensitive(var.host_key)
    }
  }
  provisioner "local-exec" {
    when    = destroy
    command = "${path.module}/machine down '${self.input.home}'"
  }
}

output "address" { value = terraform_data.machine.output.address }
